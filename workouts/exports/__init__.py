"""Sessions as CSV and XLSX files, made batch by batch as they are sent."""
