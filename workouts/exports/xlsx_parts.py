"""The parts of a workbook other than its sheets (ECMA-376-1, SpreadsheetML; -2, packages)."""

from collections.abc import Iterable

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TIME_STYLE = 1  # its place in cellXfs
# Excel expects two fills, a font, a border and the style "Normal"
STYLES = (
    f'{XML}<styleSheet xmlns="{SPREADSHEET}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)


def write_xlsx_parts(sheets: int) -> dict[str, str]:
    """Return the parts, by name, of a workbook with this many sheets, except the sheets."""
    numbers = range(1, sheets + 1)
    return {
        "xl/styles.xml": STYLES,
        "xl/workbook.xml": write_xlsx_workbook(numbers),
        "xl/_rels/workbook.xml.rels": write_xlsx_relationships(
            {"styles": ("styles", "styles.xml")}
            | {f"sheet{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in numbers}
        ),
        "_rels/.rels": write_xlsx_relationships(
            {"workbook": ("officeDocument", "xl/workbook.xml")}
        ),
        "[Content_Types].xml": write_xlsx_content_types(numbers),
    }


def write_xlsx_workbook(numbers: Iterable[int]) -> str:
    sheets = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="sheet{n}"/>' for n in numbers)
    return (
        f'{XML}<workbook xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}">'
        f"<bookViews><workbookView/></bookViews><sheets>{sheets}</sheets></workbook>"
    )


def write_xlsx_relationships(targets: dict[str, tuple[str, str]]) -> str:
    """Return the relationships of a part: by ID, the type and the target of each."""
    relationships = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{relationships}</Relationships>'


def write_xlsx_content_types(numbers: Iterable[int]) -> str:
    types = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"} | {
        f"/xl/worksheets/sheet{n}.xml": "worksheet" for n in numbers
    }
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{CONTENT_TYPE}.{kind}+xml"/>'
        for name, kind in types.items()
    )
    return (
        f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
