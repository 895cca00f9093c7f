//! QR codes as pictures: dark on light whatever the theme, with the quiet zone that scanners need.

use std::fmt::Write as _;

use qrcode::{Color, QrCode};

/// Light modules around a code, by its standard.
const QUIET: usize = 4;

/// A code as SVG, one module to a unit; each run of dark modules is one stroke, so that a sheet of hundreds stays small.
pub(crate) fn qr(text: &str) -> String {
    let Ok(code) = QrCode::new(text.as_bytes()) else { return String::new() };
    let (width, modules) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, run.len(), run.len());
            }
            x += run.len();
        }
    }
    let whole = width + 2 * QUIET;
    let (open, ground) =
        (format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\""), format!("M0 0h{whole}v{whole}H0z"));
    format!(
        "{open} shape-rendering=\"crispEdges\" aria-hidden=\"true\"><path fill=\"#fff\" d=\"{ground}\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let text = "https://portal.example.com:8444/devices/001565000001";
        let drawn: usize = qr(text).split("h-").skip(1).filter_map(|rest| rest.split('z').next()?.parse::<usize>().ok()).sum();
        let dark = QrCode::new(text).unwrap().to_colors().iter().filter(|color| **color == Color::Dark).count();
        assert_eq!(drawn, dark);
        assert!(qr(text).len() < 8_000);
    }
}
