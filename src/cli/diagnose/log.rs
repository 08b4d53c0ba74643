//! Reads logs: the text of one job, or the archive with the logs of a run. Memory is bounded, whatever the length of the log and its lines.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use crate::lint::diagnose::LogSearch;

/// The longest line of a log that is searched as one, in bytes. A longer line is searched in parts.
const LONGEST_LINE: usize = 64 * 1024;

/// Bytes that two parts of a long line share, so that no error text is cut.
const OVERLAP: usize = 1024;

/// How much of an archive is searched, in bytes after decompression. GitHub's archives are smaller; a hostile one can be a thousand times as
/// large as its file.
const LARGEST_ARCHIVE: u64 = 1024 * 1024 * 1024;

/// The start of an archive.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// Passes the lines of a log to the search. Returns a message if a part of an archive was not searched.
pub(crate) fn search(path: &Path, search: &mut LogSearch<'_>) -> io::Result<Option<String>> {
    if path.as_os_str() == "-" {
        return lines(io::stdin().lock(), search).map(|()| None);
    }
    let mut file = BufReader::new(File::open(path)?);
    let mut start = Vec::new();
    file.by_ref().take(ARCHIVE.len() as u64).read_to_end(&mut start)?;
    file.rewind()?;
    if start == ARCHIVE { archive(file, search) } else { lines(file, search).map(|()| None) }
}

/// Searches an archive. The files at its top are the logs of the jobs; those in folders repeat them step by step.
fn archive(file: BufReader<File>, search: &mut LogSearch<'_>) -> io::Result<Option<String>> {
    let mut archive = ZipArchive::new(file).map_err(io::Error::other)?;
    let names = archive.file_names().filter_map(Result::ok).map(Cow::into_owned);
    let names: Vec<String> = names.filter(|name| name.ends_with(".txt")).collect();
    let whole = names.iter().any(|name| !name.contains('/'));
    let mut left = LARGEST_ARCHIVE;
    for name in names.iter().filter(|name| !whole || !name.contains('/')) {
        let entry = archive.by_name(name).map_err(io::Error::other)?;
        search.file(name);
        let mut limited = entry.take(left);
        lines(&mut limited, search)?;
        left = limited.limit();
        if left == 0 {
            return Ok(Some("only the first GiB of the archive was searched".to_owned()));
        }
    }
    Ok(None)
}

fn lines(mut reader: impl Read, search: &mut LogSearch<'_>) -> io::Result<()> {
    let mut bytes = vec![0; LONGEST_LINE];
    let mut line: Vec<u8> = Vec::new();
    let mut continued = false;
    loop {
        let count = match reader.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            break;
        }
        for part in bytes[..count].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            let whole = part.ends_with(b"\n");
            if whole || line.len() >= LONGEST_LINE {
                pass(&line, continued, search);
                line.drain(..if whole { line.len() } else { line.len() - OVERLAP });
                continued = !whole;
            }
        }
    }
    if !line.is_empty() {
        pass(&line, continued, search);
    }
    Ok(())
}

fn pass(line: &[u8], continued: bool, search: &mut LogSearch<'_>) {
    let text = String::from_utf8_lossy(line);
    if continued { search.rest(&text) } else { search.line(&text) }
}
