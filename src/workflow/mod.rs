//! What GitHub will do with the files: the model, permissions, expressions and runs. It knows no registry.
