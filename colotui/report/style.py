"""The look of a report: the colours of the shipped light and dark themes, and one style sheet for screen and paper."""

from __future__ import annotations

from colotui.report.markup import Html

# As in the themes of the same name (a test compares them).
LIGHT = {
    "accent": "#0b5cad", "background": "#fbfaf7", "surface": "#f2f1ec", "panel": "#e7e6e0", "foreground": "#252b33",
    "success": "#0a6a58", "warning": "#8a5a00", "error": "#9c0f2a", "text-strong": "#000509", "text-muted": "#4b5561",
    "text-low": "#59636f", "hairline": "#d3d1c9", "track": "#c4c2b9", "band-error-background": "#b3161f",
    "band-error-text": "#ffffff", "band-warning-background": "#f0c04a", "band-warning-text": "#231900",
    "band-working-background": "#0b5cad", "band-working-text": "#ffffff", "pill-ok-background": "#0a6a58",
    "pill-ok-text": "#ffffff", "role-primary": "#0b5cad", "role-primary-text": "#ffffff",
    "role-secondary": "#566270", "link-up": "#0b5cad", "link-idle": "#59636f", "link-cut": "#9c0f2a",
    "forced": "#252b33", "periodic": "#6d8bab", "graph-low": "#7491ae", "graph-high": "#0b5cad",
}  # fmt: skip
DARK = {
    "accent": "#6cb6ff", "background": "#0f1319", "surface": "#161b23", "panel": "#1e252f", "foreground": "#cfd6df",
    "success": "#3ecfae", "warning": "#f2cc60", "error": "#ff5f6b", "text-strong": "#f4f7fa", "text-muted": "#96a1b0",
    "text-low": "#8490a0", "hairline": "#2a323d", "track": "#39434f", "band-error-background": "#b3202b",
    "band-error-text": "#ffffff", "band-warning-background": "#f2cc60", "band-warning-text": "#1b1400",
    "band-working-background": "#1d4f82", "band-working-text": "#ffffff", "pill-ok-background": "#3ecfae",
    "pill-ok-text": "#03201a", "role-primary": "#6cb6ff", "role-primary-text": "#04182b",
    "role-secondary": "#93a1b2", "link-up": "#6cb6ff", "link-idle": "#8490a0", "link-cut": "#ff5f6b",
    "forced": "#cfd6df", "periodic": "#5b7896", "graph-low": "#4c6c8d", "graph-high": "#6cb6ff",
}  # fmt: skip

_SHEET = """
*{box-sizing:border-box}
html{background:var(--background);color:var(--foreground);-webkit-text-size-adjust:100%}
body{margin:0;font:14px/1.5 "JetBrains Mono","Fira Code","Cascadia Code",ui-monospace,SFMono-Regular,Menlo,Consolas,
"DejaVu Sans Mono","Liberation Mono",monospace;font-variant-ligatures:none}
main{max-width:1020px;margin:0 auto;padding:20px 20px 56px}
.top{display:flex;flex-wrap:wrap;gap:2px 20px;justify-content:space-between;color:var(--text-muted);padding:0 0 10px}
.top b{color:var(--text-strong)}
.band{padding:14px 20px 16px;margin:0 -20px}
.band p{max-width:none;margin:0;display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 20px}
.band h1{margin:8px 0 0;font-size:20px;line-height:1.4;font-weight:700;max-width:66ch;text-wrap:pretty}
.band .word{font-weight:700}
.top span,.band p span,h3,h2 .note{white-space:pre-wrap}
h2 .note i{font-style:normal}h2 .note .act{color:var(--accent)}
.band.error{background:var(--band-error-background);color:var(--band-error-text)}
.band.warning{background:var(--band-warning-background);color:var(--band-warning-text)}
.band.working{background:var(--band-working-background);color:var(--band-working-text)}
.band.ok{background:var(--surface);color:var(--foreground)}
.band.ok h1{color:var(--text-strong)}
.pill{background:var(--pill-ok-background);color:var(--pill-ok-text);padding:0 8px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));margin:0 -20px 4px;padding:12px 20px;
gap:10px 24px;background:var(--surface)}
.figures dt{color:var(--text-muted)}
.figures dd{margin:0;color:var(--text-low)}
.figures b{font-size:20px;color:var(--text-strong)}
.figures b.bad{color:var(--error)}
h2{display:flex;align-items:baseline;gap:10px;margin:34px 0 12px;font-size:14px;font-weight:700;
color:var(--text-strong)}
h2 .no{color:var(--text-muted);font-weight:400}
h2::after{content:"";order:1;flex:1;min-width:16px;border-top:1px solid var(--hairline);transform:translateY(-4px)}
h2 .note{order:2;color:var(--text-low);font-weight:400}
h3{font-size:14px;margin:24px 0 6px;color:var(--text-strong)}
h3 .sub{color:var(--text-muted);font-weight:400;margin-left:14px}
p{margin:6px 0;max-width:92ch}
b,strong{color:var(--text-strong)}
.low{color:var(--text-low)}.muted{color:var(--text-muted)}.bad{color:var(--error)}.warn{color:var(--warning)}
.good{color:var(--success)}
figure{margin:0 0 18px}
figcaption{display:flex;flex-wrap:wrap;gap:0 18px;margin:0 0 2px}
figcaption b{color:var(--text-strong)}
figcaption .key{color:var(--text-muted)}
figcaption .said{color:var(--text-low)}
.swatch{display:inline-block;width:10px;height:10px;margin-right:6px}
.swatch.usual{background:var(--periodic)}.swatch.forced{background:var(--forced)}
.swatch.p50{background:var(--graph-low)}.swatch.p95{background:var(--graph-high)}
.swatch.most{height:2px;background:var(--text-strong);vertical-align:middle}
.swatch.answer{border-radius:50%;background:var(--graph-high);width:7px;height:7px;vertical-align:1px}
.swatch.silence{background:var(--band-error-background)}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--text-muted);padding:0 0 4px}
th{font-weight:400;color:var(--text-muted);text-align:left}
th,td{padding:2px 14px 2px 0;vertical-align:top;overflow-wrap:anywhere}
th,td{text-wrap:pretty}
thead th{white-space:nowrap;overflow-wrap:normal;border-bottom:1px solid var(--hairline);color:var(--text-low)}
td.num,th.num{text-align:right;white-space:nowrap}
td.time,td.nowrap{white-space:nowrap}
td.time{color:var(--text-muted)}
td.num{color:var(--text-low)}
td.sign{width:1ch;padding-right:8px}
.timeline .zero td,.timeline .zero th{background:var(--surface)}
.timeline .loud td.what{font-weight:700;color:var(--text-strong)}
.timeline .step td.what{padding-left:2ch}
.timeline .mute td.what{color:var(--text-muted)}
.facts th{width:14ch}
.spine th,.spine td{padding:2px 14px}
.spine th{text-align:center;white-space:nowrap;border:solid var(--hairline);border-width:0 1px}
.spine thead th{border-width:0 1px 0 1px;color:var(--text-strong)}
.spine td:first-child,.spine thead td:first-child{text-align:right;padding-left:0}
.spine td{width:42%}
.spine .host{font-weight:700;color:var(--text-strong)}
code{font:inherit;color:var(--text-strong);background:var(--surface);padding:1px 6px;overflow-wrap:anywhere;
box-decoration-break:clone;-webkit-box-decoration-break:clone}
.do{border-left:3px solid var(--accent);padding:2px 0 2px 14px;margin:10px 0}
.dont{border-left:3px solid var(--error);padding:2px 0 2px 14px;margin:10px 0}
.do p,.dont p{margin:2px 0}
ul{margin:6px 0;padding-left:2ch;max-width:96ch}li{margin:4px 0}li::marker{content:"? ";color:var(--text-low)}
footer{margin-top:40px;border-top:1px solid var(--hairline);padding-top:8px;color:var(--text-low)}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:11.5px "JetBrains Mono","Fira Code","Cascadia Code",ui-monospace,SFMono-Regular,Menlo,Consolas,
"DejaVu Sans Mono","Liberation Mono",monospace;fill:var(--foreground);white-space:pre}
svg.narrow{display:none}
svg .num,svg .name{fill:var(--text-muted)}svg .unit,svg .over{fill:var(--text-low)}
svg .strong{fill:var(--text-strong);font-weight:700}svg text.bad{fill:var(--error);font-weight:700}
svg .grid{stroke:var(--hairline);stroke-dasharray:1 4}svg .base,svg .tick{stroke:var(--track)}
svg .usual{fill:var(--periodic)}svg .forced{fill:var(--forced)}
svg .p50{fill:var(--graph-low)}svg .p95{fill:var(--graph-high)}svg .most{stroke:var(--text-strong);stroke-width:1.5}
svg .answer{fill:var(--graph-high)}
svg .silence{fill:var(--band-error-background);opacity:.9}
svg .onbad{fill:var(--band-error-text);font-weight:700}
svg .hatch{stroke:var(--text-low);stroke-width:1;fill:none}
svg .mark{stroke-width:1.5}svg .mark.bad{stroke:var(--error)}svg .mark.warn{stroke:var(--warning)}
svg .mark.act{stroke:var(--accent);stroke-dasharray:4 3}
svg .bar.bad{fill:var(--error)}svg .bar.warn{fill:var(--warning)}svg .bar.act{fill:var(--accent)}
svg .state.ok{fill:var(--panel)}svg .on-ok{fill:var(--text-strong)}
svg .state.working{fill:var(--band-working-background)}svg .on-working{fill:var(--band-working-text)}
svg .state.warning{fill:var(--band-warning-background)}svg .on-warning{fill:var(--band-warning-text)}
svg .state.error{fill:var(--band-error-background)}svg .on-error{fill:var(--band-error-text)}
svg .on-error,svg .on-warning,svg .on-working,svg .on-ok{font-weight:700}
svg .rail{fill:none;stroke:var(--link-idle)}svg .rail.primary{stroke:var(--role-primary);stroke-width:2.5}
svg .rail.bad{stroke:var(--error);stroke-width:2}
svg .badge.idle{fill:none}svg .badge.primary{fill:var(--role-primary)}svg .badge.bad{fill:var(--band-error-background)}
svg .on{font-weight:700}svg .on.idle{fill:var(--role-secondary)}svg .on.primary{fill:var(--role-primary-text)}
svg .on.bad{fill:var(--band-error-text)}
svg .rung.up{stroke:var(--link-up);stroke-width:1.5}svg .rung.idle,svg .rung.cut{stroke:var(--link-idle);
stroke-dasharray:4 4}
svg .head{stroke:var(--link-up);stroke-width:1.5;fill:none}
svg .way{fill:none}svg .way.up{stroke:var(--link-up);stroke-width:1.5}
svg .way.cut{stroke:var(--link-cut);stroke-width:1.5;stroke-dasharray:4 4}
svg .ground{fill:var(--background)}
@media screen and (max-width:680px){
body{font-size:13px}main{padding:14px 14px 40px}.band,.figures{margin-left:-14px;margin-right:-14px;padding-left:14px;
padding-right:14px}.band h1{font-size:17px}
svg.wide{display:none}svg.narrow{display:block}
.figures{grid-template-columns:1fr 1fr}h2{flex-wrap:wrap}h2 .note{flex-basis:100%}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack tr{display:grid;
grid-template-columns:auto auto auto 1fr;gap:0 10px;padding:5px 0;border-bottom:1px solid var(--hairline)}
.stack td,.stack th{padding:0;display:block}.stack td.wide-row,.stack td.what{grid-column:1/-1}
.stack td.num{text-align:left}.stack td.sign{display:none}.timeline .step td.what{padding-left:0}
.stack td:empty{display:none}
.spine th,.spine td{padding:2px 8px}}
@media print{
@page{margin:13mm 12mm}
:root{--background:#ffffff}
body{font-size:9pt}main{max-width:none;padding:0}.band,.figures{margin-left:0;margin-right:0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.band h1{font-size:13pt}.figures{grid-template-columns:repeat(4,1fr)}.figures b{font-size:13pt}
figure,.incident-head,.do,.dont,tr,.spine{break-inside:avoid}h2,h3,figcaption{break-after:avoid}
thead{display:table-header-group}h2{margin-top:22px}}
"""


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def sheet() -> Html:
    """The whole style sheet; it names nothing outside the page."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    return Html(f":root{{color-scheme:light dark;{_variables(LIGHT)}}}{dark}{_SHEET}")
