"""The pack's sheets, one module each or a few kin; `recon.evidence.workbook` puts them in order."""
