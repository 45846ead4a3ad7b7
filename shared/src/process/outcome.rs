//! Whether a value is an `Err`: a target that returned one ends with exit code 1, as a `main` does.
//!
//! A target may return anything, so its type does not say it here. Its `Serialize` does: a `Result`
//! is written as the variant `Err` of `Result`.

use serde::Serialize;
use serde::ser::{Error as _, Impossible, Serializer};
use std::fmt;

/// Whether the value is an `Err`.
pub(super) fn is_err<T: Serialize>(value: &T) -> bool {
    matches!(value.serialize(Probe), Err(Answer(true)))
}

/// The answer comes as the error that ends the writing: only the outermost layer is looked at.
#[derive(Debug)]
struct Answer(bool);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Answer {}

impl serde::ser::Error for Answer {
    fn custom<T: fmt::Display>(_: T) -> Answer {
        Answer(false)
    }
}

struct Probe;

type No = Impossible<(), Answer>;

macro_rules! is_no_err {
    ($($method:ident($($argument:ty),*) -> $answer:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$answer, Answer> {
            Err(Answer(false))
        })*
    };
}

impl Serializer for Probe {
    type Ok = ();
    type Error = Answer;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Answer> {
        Err(Answer((name, variant) == ("Result", "Err")))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Answer> {
        Err(Answer(false))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), Answer> {
        Err(Answer::custom("a struct"))
    }

    is_no_err! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_i128(i128) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_u128(u128) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> No;
        serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_map(Option<usize>) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
    }
}
