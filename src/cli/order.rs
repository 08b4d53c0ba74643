//! Many at once, told one after the other. It knows neither projects nor reports.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use rayon::prelude::*;

/// Does some work on all items in parallel, and hands the results on in the order of the items. Items are begun in their order too, so
/// few results ever wait for an earlier one.
///
/// # Errors
/// The first one of `take`; what was not begun then is left undone.
pub fn in_order<T: Sync, R: Send, E>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    // One alone needs nobody's help, and starts no threads.
    if let [item] = items {
        return take(work(item));
    }
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let all = items.iter().enumerate().par_bridge();
            // Nobody receives any more once an error ended it all.
            let _ = all.try_for_each_with(send, |send, (index, item)| send.send((index, work(item))));
        });
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (index, result) in receive {
            early.insert(index, result);
            while let Some(result) = early.remove(&next) {
                take(result)?;
                next += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..200).collect();
        let mut taken = Vec::new();
        let work = |item: &u64| {
            thread::sleep(std::time::Duration::from_micros(item * 7919 % 300));
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
