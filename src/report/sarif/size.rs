//! The compressed size of a log, which code scanning limits.

use std::io::{self, BufWriter, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Code scanning rejects logs of more than 10 MB after gzip.
const MAX_SIZE: u64 = 10_000_000;

/// More bytes than the encoder and its buffers hold back, and than compression adds to a text that it cannot make smaller.
const HELD_BACK: u64 = 1_000_000;

/// Writes a log, up to twice. Returns its gzipped size if that is over the limit.
pub(crate) fn size_over_limit(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Option<u64>> {
    let mut size = ByteCounter(0);
    write(&mut size)?;
    // If the raw size is under the limit, so is the gzipped size.
    if size.0 < MAX_SIZE {
        return Ok(None);
    }
    let mut log = CompressedLog { rest: size.0, encoder: Some(encoder()) };
    write(&mut log)?;
    let Some(encoder) = log.encoder else { return Ok(None) };
    let size = encoder.into_inner()?.finish()?.0;
    Ok((size > MAX_SIZE).then_some(size))
}

/// How many of `results` results fit, if all of them compress to `size` bytes; always fewer.
pub(crate) fn fitting(results: usize, size: u64) -> usize {
    let share = u64::try_from(results).unwrap_or(u64::MAX).saturating_mul(MAX_SIZE) / size.max(1);
    // A tenth less, because results differ in size.
    let most = usize::try_from(share - share / 10).unwrap_or(usize::MAX);
    most.min(results.saturating_sub(1))
}

/// Compresses what is written until the rest certainly fits.
struct CompressedLog {
    /// The number of bytes that are still to be written.
    rest: u64,
    /// `None` once the log fits. The encoder clears its buffer for every write, so that few large writes are faster.
    encoder: Option<BufWriter<GzEncoder<ByteCounter>>>,
}

/// Compresses at the fastest level, which compresses least.
fn encoder() -> BufWriter<GzEncoder<ByteCounter>> {
    BufWriter::with_capacity(64 * 1024, GzEncoder::new(ByteCounter(0), Compression::fast()))
}

impl Write for CompressedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(encoder) = &mut self.encoder {
            encoder.write_all(bytes)?;
            self.rest = self.rest.saturating_sub(length(bytes));
            // The rest can also grow by a fraction of a per cent, for the headers of blocks.
            if encoder.get_ref().get_ref().0 + HELD_BACK + self.rest < MAX_SIZE {
                self.encoder = None;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[derive(Debug)]
struct ByteCounter(u64);

impl Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += length(bytes);
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
        assert!(matches!(size_over_limit(repeated), Ok(None)));
        assert!(matches!(size_over_limit(|out| out.write_all(b"small")), Ok(None)));
    }

    #[test]
    fn compression_ends_once_the_rest_fits() {
        let mut log = CompressedLog { rest: 12_000_000, encoder: Some(encoder()) };
        let compressed = (0..12).take_while(|_| log.write_all(&[b' '; 1_000_000]).is_ok() && log.encoder.is_some());
        assert_eq!(compressed.count(), 3);
    }

    #[test]
    fn what_does_not_compress_is_too_large() {
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .take(1_000_000)
        .collect();
        let repeated = |out: &mut dyn Write| (0..11).try_for_each(|_| out.write_all(&noise));
        assert!(matches!(size_over_limit(repeated), Ok(Some(size)) if size > 11_000_000));
    }

    #[test]
    fn fitting_always_returns_fewer() {
        assert_eq!(fitting(1_000, MAX_SIZE * 2), 450);
        assert_eq!(fitting(1_000, MAX_SIZE + 1), 900);
        assert_eq!((fitting(1, MAX_SIZE + 1), fitting(0, MAX_SIZE + 1)), (0, 0));
    }
}
