"""Sessions as files: CSV and XLSX, made row by row as they are sent, in the memory of one batch."""
