//! Work shared among threads, with the answers in the order of the work.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// As many threads as the machine runs at once.
#[must_use]
pub fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Does every piece of work, `threads` of them at a time, and returns the answers in the order of the pieces.
///
/// A piece is taken from `pieces` only when a thread is free for it, so a lazy iterator holds as many at once as there
/// are threads.
///
/// # Errors
///
/// The failure that doing one piece after the other would have met first. What was begun is finished, nothing else is
/// begun.
pub fn in_order<T, R: Send, E: Send>(
    threads: NonZeroUsize,
    pieces: impl IntoIterator<Item = T, IntoIter: Send>,
    work: impl Fn(T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let pieces = pieces.into_iter();
    let most = pieces.size_hint().1.unwrap_or(usize::MAX);
    let queue = Mutex::new(pieces.enumerate().fuse());
    let failed = AtomicBool::new(false);
    // Pieces are taken in turn, so whoever comes before a failed one has been begun and will be finished.
    let labour = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, piece)) = next else { break };
            let answer = work(piece);
            if answer.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.push((place, answer));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get().min(most)).map(|_| scope.spawn(labour)).collect();
        let mut done = labour();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;

    const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();

    #[test]
    fn answers_stand_in_the_order_of_the_pieces_whoever_is_done_first() {
        let answers = in_order(FOUR, 0..100_u64, |piece| {
            thread::sleep(Duration::from_micros((100 - piece) * 10));
            Ok::<_, Infallible>(piece * 2)
        });
        assert_eq!(answers.unwrap(), (0..100).map(|piece| piece * 2).collect::<Vec<_>>());
    }

    #[test]
    fn the_failure_is_the_one_that_comes_first_and_nothing_is_begun_after_it_was_seen() {
        let begun = AtomicUsize::new(0);
        let answer = in_order(FOUR, 0..1000, |piece| {
            begun.fetch_add(1, Ordering::Relaxed);
            // The earlier failure takes longer than the later one.
            match piece {
                10 => {
                    thread::sleep(Duration::from_millis(50));
                    Err(10)
                }
                12 => Err(12),
                _ => Ok(()),
            }
        });
        assert_eq!(answer, Err(10));
        assert!(begun.load(Ordering::Relaxed) < 1000);
    }

    #[test]
    fn pieces_are_taken_when_somebody_is_free_for_them() {
        let (made, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let pieces = (0..200).inspect(|_| {
            let ahead = made.fetch_add(1, Ordering::SeqCst) - done.load(Ordering::SeqCst);
            assert!(ahead < FOUR.get(), "{ahead} pieces are held at once");
        });
        let all = in_order(FOUR, pieces, |_| {
            done.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(())
        });
        assert_eq!(all.unwrap().len(), 200);
    }

    #[test]
    fn a_panic_reaches_whoever_asked() {
        let caught = std::panic::catch_unwind(|| {
            in_order(FOUR, 0..8, |piece| if piece == 5 { panic!("on purpose") } else { Ok::<_, ()>(()) })
        });
        assert!(caught.is_err());
    }
}
