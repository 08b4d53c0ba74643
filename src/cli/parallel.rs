//! Many at once, told one after the other. It knows neither projects nor reports.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Does some work on all items in parallel, and hands the results on in the order of the items. Items are begun in their order too, so
/// few results ever wait for an earlier one.
///
/// # Errors
/// The first one of `take`; what was not begun then is left undone.
pub fn in_order<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E> {
    // One alone needs nobody's help, and starts no threads.
    if let [item] = items {
        return take(work(item));
    }
    // Whoever has worked hands on: a thread of its own for that would have to be woken for every item.
    let line = Mutex::new(Delivery { take, early: BTreeMap::new(), next: 0, over: false });
    items.iter().enumerate().par_bridge().try_for_each(|(index, item)| {
        let result = work(item);
        line.lock().unwrap_or_else(PoisonError::into_inner).hand_on(index, result)
    })
}

/// Results that wait for an earlier one.
struct Delivery<R, F> {
    take: F,
    early: BTreeMap<usize, R>,
    next: usize,
    /// Set once `take` has failed: it is not called again.
    over: bool,
}

impl<R, F> Delivery<R, F> {
    fn hand_on<E>(&mut self, index: usize, result: R) -> Result<(), E>
    where
        F: FnMut(R) -> Result<(), E>,
    {
        self.early.insert(index, result);
        while !self.over
            && let Some(result) = self.early.remove(&self.next)
        {
            self.next += 1;
            (self.take)(result).inspect_err(|_| self.over = true)?;
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
