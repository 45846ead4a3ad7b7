//! What a process can be started from, and how both sides know it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::{TypeId, type_name};
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A value that a process can be given: any owned type that implements serde's two traits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be passed to a process",
    label = "this argument cannot be passed to a process",
    note = "an argument is an owned value: `String` instead of `&str`, `Vec<T>` instead of `&[T]`, `self` instead of `&self`",
    note = "its type implements serde's traits: `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Argument: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Argument for T {}

/// A value that a process can give back: any owned type that implements serde's two traits.
#[diagnostic::on_unimplemented(
    message = "a process cannot return `{Self}`",
    label = "the result of this target cannot be passed to its parent",
    note = "its type implements serde's traits: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "for `std::io::Result<T>` and others whose error cannot be passed on: return `shared::Result<T>`, or `Result<T, String>` with `.map_err(|error| error.to_string())`"
)]
pub trait Returned: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Returned for T {}

/// The arguments of a target, as a tuple of at most six.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no argument list of a process",
    label = "expected a tuple of at most six owned values",
    note = "the arguments are a tuple, as in Python: `(15,)` for one, `()` for none",
    note = "a process takes at most six arguments; put more into a struct that derives `serde::Serialize` and `serde::Deserialize`"
)]
pub trait Arguments: Serialize + DeserializeOwned {}

/// A function that a process can be started from: of 0 to 6 arguments, all owned and serializable,
/// as is its result.
#[diagnostic::on_unimplemented(
    message = "no process can be started from `{Self}`",
    label = "not a function that a process can run with these arguments",
    note = "its arguments are owned: `String` instead of `&str`, `Vec<T>` instead of `&[T]`, `self` instead of `&self`",
    note = "it has at most six, which are passed as a tuple, `(15,)` for one; put more into a struct",
    note = "arguments and result implement serde's traits: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "instead of `std::io::Result<T>` return `shared::Result<T>`, or `Result<T, String>` with `.map_err(|error| error.to_string())`"
)]
pub trait Target<Args>: Copy + 'static {
    /// What the function returns.
    type Output: Returned;

    #[doc(hidden)]
    fn call(self, args: Args) -> Self::Output;
}

macro_rules! target {
    ($($arg:ident),*) => {
        impl<$($arg: Argument),*> Arguments for ($($arg,)*) {}

        impl<F, R, $($arg),*> Target<($($arg,)*)> for F
        where
            F: Fn($($arg),*) -> R + Copy + 'static,
            R: Returned,
            $($arg: Argument,)*
        {
            type Output = R;

            #[allow(non_snake_case)]
            fn call(self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg),*)
            }
        }
    };
}

target!();
target!(A);
target!(A, B);
target!(A, B, C);
target!(A, B, C, D);
target!(A, B, C, D, E);
target!(A, B, C, D, E, F1);

/// Refuses what is not known by its type alone. It stands in each function that a user calls, so that
/// the compiler names the user's line.
macro_rules! assert_is_function {
    ($target:ident) => {
        const {
            assert!(
                size_of::<$target>() == 0,
                "a process is started from a function by its name, not from a function pointer (list \
                 each function in `main_guard!`) or a closure that captures (pass what it captures \
                 as arguments)"
            );
        }
    };
}
pub(crate) use assert_is_function;

/// What identifies a function on both sides: its type, of which it is the only value.
#[derive(Clone, Copy)]
pub(super) struct TargetId {
    pub(super) hash: u64,
    name: &'static str,
}

impl TargetId {
    pub(super) fn of<F: 'static>() -> TargetId {
        // The name alone is not unique: two local functions may share one.
        let mut hasher = DefaultHasher::new();
        TypeId::of::<F>().hash(&mut hasher);
        TargetId { hash: hasher.finish(), name: type_name::<F>() }
    }

    /// What no guard lists.
    pub(super) const fn unlisted(name: &'static str) -> TargetId {
        TargetId { hash: 0, name }
    }

    /// The function's name as it would be written in `main`: `Counting::run`, and not
    /// `<program::Counting as shared::process::Run>::run`.
    pub(super) fn display_name(self) -> String {
        let plain = self.name.strip_prefix('<').and_then(|name| {
            let (implementor, name) = name.split_once(" as ")?;
            Some(format!("{implementor}{}", name.split_once('>')?.1))
        });
        let name = plain.unwrap_or_else(|| self.name.to_owned());
        let program = env::current_exe().unwrap_or_default();
        let program = program.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
        match name.split_once("::") {
            Some((package, name)) if program.starts_with(package) => name.to_owned(),
            _ => name,
        }
    }
}
