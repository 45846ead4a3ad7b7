//! Iterating over a queue, until it ends.

use super::Queue;
use crate::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The items of a queue until it is closed; made by `for item in &queue`.
#[derive(Debug)]
pub struct Iter<'a, T> {
    queue: &'a Queue<T>,
    ended: bool,
}

/// The items of a queue until it is closed, or no handle is left that could put; made by
/// `for item in queue`.
#[derive(Debug)]
pub struct IntoIter<T> {
    queue: Queue<T>,
    /// Why the queue could not be reached, to be told first.
    failed: Option<Error>,
    ended: bool,
}

/// What comes next: an error other than [`Error::Decode`] is told once, and is the end.
fn next<T>(result: Result<T>, ended: &mut bool) -> Option<Result<T>> {
    *ended = !matches!(result, Ok(_) | Err(Error::Decode { .. }));
    match result {
        Err(Error::Closed) => None,
        result => Some(result),
    }
}

impl<T: Serialize + DeserializeOwned> Iterator for Iter<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        next(self.queue.get(), &mut self.ended)
    }
}

impl<T: Serialize + DeserializeOwned> Iterator for IntoIter<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let result = match self.failed.take() {
            Some(error) => Err(error),
            None => self.queue.get_until(None, true),
        };
        next(result, &mut self.ended)
    }
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Gets items until the queue is closed and empty, as `for item in &queue` does.
    ///
    /// A value that cannot be decoded is an [`Error::Decode`], and not the end. Any other error is
    /// given once, and ends the iteration.
    ///
    /// ```
    /// let queue = shared::Queue::new()?;
    /// queue.extend([1, 2, 3])?;
    /// queue.close()?;
    /// assert_eq!(queue.iter().sum::<shared::Result<u32>>()?, 6);
    /// # Ok::<(), shared::Error>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        self.into_iter()
    }
}

impl<'a, T: Serialize + DeserializeOwned> IntoIterator for &'a Queue<T> {
    type Item = Result<T>;
    type IntoIter = Iter<'a, T>;

    /// Gets items until the queue is closed and empty. A value that cannot be decoded is an error,
    /// and not the end.
    fn into_iter(self) -> Iter<'a, T> {
        Iter { queue: self, ended: false }
    }
}

impl<T: Serialize + DeserializeOwned> IntoIterator for Queue<T> {
    type Item = Result<T>;
    type IntoIter = IntoIter<T>;

    /// Gets items until the queue is closed and empty, or empty with no handle left, in any process,
    /// that could put. This handle gives up its own right to put.
    fn into_iter(mut self) -> IntoIter<T> {
        let failed = self.handle.give_up_right().err();
        IntoIter { queue: self, failed, ended: false }
    }
}
