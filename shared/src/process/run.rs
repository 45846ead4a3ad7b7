//! Processes from values: Python's subclass of `Process`.

use super::Process;
use crate::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type whose values run as processes: the second way to create one. Python's subclass of
/// `Process` that overrides `run`.
///
/// The guard lists the type's `run`.
///
/// ```standalone_crate
/// use serde::{Deserialize, Serialize};
/// use shared::{Run, main_guard};
///
/// #[derive(Serialize, Deserialize)]
/// struct Sum {
///     numbers: Vec<u32>,
/// }
///
/// impl Run for Sum {
///     type Output = u32;
///
///     fn run(self) -> u32 {
///         self.numbers.iter().sum()
///     }
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(Sum::run);
///     let process = Sum { numbers: vec![1, 2, 3] }.spawn()?;
///     assert_eq!(process.join()?, 6);
///     Ok(())
/// }
/// ```
pub trait Run: Serialize + DeserializeOwned + 'static {
    /// What the process gives to whoever joins it.
    type Output: Serialize + DeserializeOwned + 'static;

    /// What the process does.
    fn run(self) -> Self::Output;

    /// Starts a process that runs this value, as [`Process::spawn`] does.
    fn spawn(self) -> Result<Process<Self::Output>> {
        Process::spawn(Self::run, (self,))
    }
}
