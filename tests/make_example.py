"""Makes reports/example/ from the demo: workbook, page, results.json, pictures for the README.

`make example` runs it. LibreOffice draws the workbook and pdftoppm makes pictures of its first
pages; without them only the files are made and the run says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "reports" / "example"


def main() -> int:
    """Run the demo in a scratch folder and keep what people look at."""
    EXAMPLE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        demo = subprocess.run(
            [sys.executable, "-m", "auditor", "demo", "--out", str(out)], check=False, cwd=folder
        )
        if demo.returncode:
            return demo.returncode
        shutil.copyfile(out / "tracker.xlsx", EXAMPLE / "tracker.xlsx")
        shutil.copyfile(next(out.glob("*/results.json")), EXAMPLE / "results.json")
        shutil.copyfile(next(out.glob("*/report.html")), EXAMPLE / "report.html")
        draw(EXAMPLE / "tracker.xlsx", Path(folder))
        photograph(EXAMPLE / "report.html", Path(folder))
    return 0


def draw(workbook: Path, scratch: Path) -> None:
    """Write the first page of Summary and the first of Secrets as PNG."""
    if not (shutil.which("soffice") and shutil.which("pdftoppm")):
        print("LibreOffice or pdftoppm is missing: no pictures were made", file=sys.stderr)
        return
    profile = f"-env:UserInstallation={(scratch / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(scratch)]
    subprocess.run([*convert, str(workbook)], check=True, capture_output=True)
    pdf = scratch / f"{workbook.stem}.pdf"
    for page, name in ((1, "summary"), (2, "secrets")):
        target = EXAMPLE / name
        pages = ["-f", str(page), "-l", str(page), "-singlefile"]
        subprocess.run(["pdftoppm", "-r", "80", "-png", *pages, str(pdf), str(target)], check=True)


def photograph(page: Path, scratch: Path) -> None:
    """Write the upper part of the page as PNG."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        print("Chromium is missing: no picture of the page was made", file=sys.stderr)
        return
    told = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    told += ["--window-size=1300,1250", f"--user-data-dir={scratch / 'browser'}"]
    picture = EXAMPLE / "report.png"
    subprocess.run(
        [browser, *told, f"--screenshot={picture}", page.resolve().as_uri()],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
