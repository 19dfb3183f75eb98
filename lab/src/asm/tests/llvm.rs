//! The printer against what `llvm-objdump -d` said about the checked-in objects.
