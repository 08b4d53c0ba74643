//! How a report looks: one file per format. This room never judges and never writes to disk.
