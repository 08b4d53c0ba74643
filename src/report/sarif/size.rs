//! The compressed size of a log, which code scanning limits.

use std::io::{self, BufWriter, Write};

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
pub(crate) fn sized(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<SizedLog> {
    let mut log = LogSize { kept: Vec::new(), encoder: None };
    write(&mut log)?;
    // If the raw size is under the limit, so is the gzipped size.
    let Some(encoder) = log.encoder else { return Ok(SizedLog::Small(log.kept)) };
    let size = encoder.into_inner()?.finish()?.0;
    Ok(if size > MAX_SIZE { SizedLog::TooLarge(size) } else { SizedLog::Fits })
}

/// How many of `results` results fit, if all of them compress to `size` bytes; always fewer.
pub(crate) fn fitting(results: usize, size: u64) -> usize {
    let share = u64::try_from(results).unwrap_or(u64::MAX).saturating_mul(MAX_SIZE) / size.max(1);
    // A tenth less, because results differ in size.
    let most = usize::try_from(share - share / 10).unwrap_or(usize::MAX);
    most.min(results.saturating_sub(1))
}

/// Keeps what is written until it reaches the limit, and then measures the gzipped size.
struct LogSize {
    kept: Vec<u8>,
    /// The encoder clears its buffer for every write, so that few large writes are faster.
    encoder: Option<BufWriter<GzEncoder<ByteCounter>>>,
}

/// Compresses at the fastest level, which compresses least.
fn encoder() -> BufWriter<GzEncoder<ByteCounter>> {
    BufWriter::with_capacity(64 * 1024, GzEncoder::new(ByteCounter(0), Compression::fast()))
}

impl Write for LogSize {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = u64::try_from(self.kept.len() + bytes.len()).unwrap_or(u64::MAX);
        match &mut self.encoder {
            Some(encoder) => encoder.write_all(bytes)?,
            None if size < MAX_SIZE => self.kept.extend_from_slice(bytes),
            None => {
                let encoder = self.encoder.insert(encoder());
                encoder.write_all(&std::mem::take(&mut self.kept))?;
                encoder.write_all(bytes)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
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
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn repetition_compresses_well() {
        let mut encoder = encoder();
        encoder.write_all(&b"results ".repeat(100_000)).unwrap();
        let size = encoder.into_inner().unwrap().finish().unwrap().0;
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
