//! Parallel work with results delivered in order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Runs `work` on all items in parallel and passes the results to `take` in the order of the items. Items are started in order too, so few
/// results wait for an earlier one. Stops at the first error of `take`.
pub(crate) fn in_order<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E> {
    // A single item runs inline; the thread pool is not started.
    if let [item] = items {
        return take(work(item));
    }
    // The worker that finishes an item delivers all ready results; a dedicated thread would wake once per item.
    let delivery = Mutex::new(Delivery { take, waiting: BTreeMap::new(), next: 0, stopped: false });
    items.iter().enumerate().par_bridge().try_for_each(|(index, item)| {
        let result = work(item);
        delivery.lock().unwrap_or_else(PoisonError::into_inner).deliver(index, result)
    })
}

/// Finished results that wait for an earlier one.
struct Delivery<R, F> {
    take: F,
    waiting: BTreeMap<usize, R>,
    next: usize,
    /// `take` has failed and is not called again.
    stopped: bool,
}

impl<R, F> Delivery<R, F> {
    fn deliver<E>(&mut self, index: usize, result: R) -> Result<(), E>
    where
        F: FnMut(R) -> Result<(), E>,
    {
        self.waiting.insert(index, result);
        while !self.stopped
            && let Some(result) = self.waiting.remove(&self.next)
        {
            self.next += 1;
            (self.take)(result).inspect_err(|_| self.stopped = true)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..200).collect();
        let mut taken = Vec::new();
        let work = |item: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(item * 7919 % 300));
            *item
        };
        let all = in_order(&items, work, |item| {
            taken.push(item);
            if item == 150 { Err("enough") } else { Ok(()) }
        });
        assert_eq!(all, Err("enough"));
        assert_eq!(taken, (0..=150).collect::<Vec<_>>());
    }
}
