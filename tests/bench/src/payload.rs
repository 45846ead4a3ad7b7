//! What is sent.

/// The message of a round trip: a string of 32 bytes.
pub fn text() -> String {
    "The quick brown fox is not slow.".to_owned()
}

/// So many bytes.
pub fn bytes(size: u32) -> Vec<u8> {
    (0..size).map(|n| n.to_le_bytes()[0]).collect()
}

/// So many bytes of numbers, with all their bits in use.
pub fn numbers(size: u32) -> Vec<u64> {
    (1..=u64::from(size / 8)).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()
}

/// The item of that number in a queue.
pub fn item(n: u32) -> String {
    format!("item {n}")
}

/// The item that tells a consumer to stop.
pub const STOP: &str = "";
