//! The compressed size of a log, which code scanning limits.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Code scanning rejects logs of more than 10 MB after gzip.
const MAX_SIZE: u64 = 10_000_000;

/// The gzipped size, if it is over the limit. Measured at the fastest level, which compresses least.
pub(crate) fn too_large(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Option<u64>> {
    let mut count = ByteCounter(0);
    write(&mut count)?;
    // If the raw size is under the limit, so is the gzipped size.
    let size = if count.0 < MAX_SIZE { 0 } else { gzipped_size(write)? };
    Ok(Some(size).filter(|size| *size > MAX_SIZE))
}

fn gzipped_size(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
    let mut encoder = GzEncoder::new(ByteCounter(0), Compression::fast());
    write(&mut encoder)?;
    Ok(encoder.finish()?.0)
}

/// How many of `results` results fit, if all of them compress to `size` bytes; always fewer.
pub(crate) fn fitting(results: usize, size: u64) -> usize {
    let share = u64::try_from(results).unwrap_or(u64::MAX).saturating_mul(MAX_SIZE) / size.max(1);
    // A tenth less, because results differ in size.
    let most = usize::try_from(share - share / 10).unwrap_or(usize::MAX);
    most.min(results.saturating_sub(1))
}

struct ByteCounter(u64);

impl Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_compresses_well() {
        let size = gzipped_size(|out| out.write_all(&b"results ".repeat(100_000))).unwrap_or_default();
        assert!((100..20_000).contains(&size), "{size}");
    }

    #[test]
    fn only_the_gzipped_size_counts() {
        let repeated = |out: &mut dyn Write| (0..12).try_for_each(|_| out.write_all(&[b' '; 1_000_000]));
        assert_eq!(too_large(repeated).ok(), Some(None));
        assert_eq!(too_large(|out| out.write_all(b"small")).ok(), Some(None));
    }

    #[test]
    fn fitting_always_returns_fewer() {
        assert_eq!(fitting(1_000, MAX_SIZE * 2), 450);
        assert_eq!(fitting(1_000, MAX_SIZE + 1), 900);
        assert_eq!((fitting(1, MAX_SIZE + 1), fitting(0, MAX_SIZE + 1)), (0, 0));
    }
}
