//! Two numbers in one word, so that one store changes both.

/// The first number in the upper half, the second in the lower.
pub(crate) fn pack(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The number in the upper half.
pub(crate) fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

/// The number in the lower half.
pub(crate) fn low(word: u64) -> u32 {
    (word & 0xffff_ffff) as u32
}
