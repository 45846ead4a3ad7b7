//! The course as a whole: what must agree across lessons, pages, manifests and tests.

#![forbid(unsafe_code)]

mod curriculum;
mod test_files;
