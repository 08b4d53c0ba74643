//! The compressed size of a log, which code scanning limits.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Code scanning rejects logs of more than 10 MB after gzip.
const MAX_SIZE: u64 = 10_000_000;

/// A log, or the gzipped size of one that is too large.
pub(crate) enum SizedLog {
    /// The text of a small log.
    Small(Vec<u8>),
    /// The log is within the limit, but not kept.
    Fits,
    /// The gzipped size, which is over the limit.
    TooLarge(u64),
}

/// Writes a log and compares its size with the limit.
pub(crate) fn sized(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<SizedLog> {
    let mut start = LogStart::default();
    write(&mut start)?;
    // If the raw size is under the limit, so is the gzipped size.
    if start.size < MAX_SIZE {
        return Ok(SizedLog::Small(start.kept));
    }
    drop(start);
    let size = gzipped_size(write)?;
    Ok(if size > MAX_SIZE { SizedLog::TooLarge(size) } else { SizedLog::Fits })
}

/// The gzipped size, measured at the fastest level, which compresses least.
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

/// Keeps what is written until it reaches the limit.
#[derive(Default)]
struct LogStart {
    kept: Vec<u8>,
    size: u64,
}

impl Write for LogStart {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.size < MAX_SIZE {
            self.kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
        assert!(matches!(sized(repeated), Ok(SizedLog::Fits)));
        assert!(matches!(sized(|out| out.write_all(b"small")), Ok(SizedLog::Small(text)) if text == b"small"));
    }

    #[test]
    fn fitting_always_returns_fewer() {
        assert_eq!(fitting(1_000, MAX_SIZE * 2), 450);
        assert_eq!(fitting(1_000, MAX_SIZE + 1), 900);
        assert_eq!((fitting(1, MAX_SIZE + 1), fitting(0, MAX_SIZE + 1)), (0, 0));
    }
}
