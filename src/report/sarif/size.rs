//! How large a log is when it is packed, as it is sent to code scanning. It keeps nothing of what it packs.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The most bytes of a packed log: code scanning refuses one of more than 10 MB.
const LARGEST: u64 = 10_000_000;

/// How large something is when it is packed, if that is too large. The quickest packing is the largest too, so what fits here fits as
/// others pack it.
///
/// # Errors
/// Those of `write`.
pub fn too_large(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Option<u64>> {
    let mut count = ByteCounter(0);
    write(&mut count)?;
    // What is small as it stands is no larger when it is packed.
    let size = if count.0 < LARGEST { 0 } else { packed(write)? };
    Ok(Some(size).filter(|size| *size > LARGEST))
}

fn packed(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
    let mut packer = GzEncoder::new(ByteCounter(0), Compression::fast());
    write(&mut packer)?;
    Ok(packer.finish()?.0)
}

/// Of some results whose log is too large when packed, how many would fit: always fewer.
pub fn fitting(results: usize, size: u64) -> usize {
    let share = u64::try_from(results).unwrap_or(u64::MAX).saturating_mul(LARGEST) / size.max(1);
    // Results differ in size, so some room is left.
    let most = usize::try_from(share - share / 10).unwrap_or(usize::MAX);
    most.min(results.saturating_sub(1))
}

/// Counts bytes.
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
    fn what_repeats_is_packed_small() {
        let size = packed(|out| out.write_all(&b"results ".repeat(100_000))).unwrap_or_default();
        assert!((100..20_000).contains(&size), "{size}");
    }

    #[test]
    fn only_what_is_packed_large_is_too_large() {
        let repeated = |out: &mut dyn Write| (0..12).try_for_each(|_| out.write_all(&[b' '; 1_000_000]));
        assert_eq!(too_large(repeated).ok(), Some(None));
        assert_eq!(too_large(|out| out.write_all(b"small")).ok(), Some(None));
    }

    #[test]
    fn each_cut_leaves_fewer_results() {
        assert_eq!(fitting(1_000, LARGEST * 2), 450);
        assert_eq!(fitting(1_000, LARGEST + 1), 900);
        assert_eq!((fitting(1, LARGEST + 1), fitting(0, LARGEST + 1)), (0, 0));
    }
}
