#include "core/html/page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/html/escape.hpp"

namespace meshproof::html {
namespace {

// Text on its ground has a contrast of at least 4.5, in both themes.
constexpr std::string_view colours = R"(:root{color-scheme:light dark;--ground:#fff;--box:#f4f5f7;
--text:#1c2128;--soft:#545d68;--line:#c4cad1;--link:#0550ae;--pass:#116329;--fail:#b3001b;
--blocked:#7a28a3;--skip:#6a5200;--deviates:#005a7a;--pod:#dfe3e8;--leaf:#3d74b0;--fault:#b37408;
--second:#8f4700}
@media (prefers-color-scheme:dark){:root{--ground:#0f1318;--box:#1b2129;--text:#e3e8ee;
--soft:#a3adb8;--line:#424b56;--link:#7ab7ff;--pass:#5fd07f;--fail:#ff8a8a;--blocked:#d9a5ff;
--skip:#e3c35a;--deviates:#6fcbf0;--pod:#2c343e;--leaf:#5b97d6;--fault:#b57f1e;--second:#ffad5c}}
@media print{:root{--ground:#fff;--box:#fff;--text:#000;--soft:#333;--line:#999;--link:#000;
--pass:#116329;--fail:#b3001b;--blocked:#7a28a3;--skip:#6a5200;--deviates:#005a7a;--pod:#dfe3e8;
--leaf:#3d74b0;--fault:#b37408;--second:#8f4700}}
)";

constexpr std::string_view layout = R"(*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:80rem;
background:var(--ground);color:var(--text)}
h1{font-size:1.7rem;line-height:1.2;margin:.3rem 0}h2{font-size:1.3rem;margin:2rem 0 .5rem}
h3{font-size:1.05rem;margin:1.2rem 0 .3rem}h4{font-size:1rem;margin:.8rem 0 .2rem}
h1,h2,h3,h4,p,li,dd,td,th,summary{overflow-wrap:anywhere}
.scroll th,.scroll td{overflow-wrap:break-word}
a{color:var(--link)}a:focus-visible,button:focus-visible,summary:focus-visible,
.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip-link{position:absolute;left:-99rem}.skip-link:focus{position:static}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
header{border-left:.6rem solid var(--soft);background:var(--box);padding:.8rem 1rem}
header.pass{border-color:var(--pass)}header.fail{border-color:var(--fail)}
header.blocked{border-color:var(--blocked)}header.skip{border-color:var(--skip)}
.counts{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;margin:.5rem 0;padding:0}
.counts b{font-size:1.3rem}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}
.facts dt{color:var(--soft)}.facts dd{margin:0}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0}
article{border:1px solid var(--line);border-radius:.4rem;padding:.2rem 1rem .8rem;margin:1rem 0}
.v{font-weight:700}.v.pass{color:var(--pass)}.v.fail{color:var(--fail)}
.v.blocked,.v.not-run{color:var(--blocked)}
.v.skip{color:var(--skip)}.v.deviates{color:var(--deviates)}
.sentence{font-size:1.05rem;margin:.3rem 0}.soft{color:var(--soft)}
details{margin:.4rem 0}summary{cursor:pointer;padding:.2rem 0}
pre,code{font:.88em/1.45 ui-monospace,monospace}
pre{background:var(--box);padding:.6rem;margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.command{background:var(--box);padding:.4rem .6rem;margin:.4rem 0}
.command code{white-space:pre-wrap;overflow-wrap:anywhere}.flag{white-space:nowrap}
button{font:inherit;font-size:.85rem;padding:.1rem .7rem;margin-left:.6rem;color:var(--text);
background:var(--ground);border:1px solid var(--soft);border-radius:.3rem;cursor:pointer}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-size:.92rem;min-width:min(100%,30rem)}
caption{text-align:left;color:var(--soft);padding:.3rem 0}
caption span{display:block;position:sticky;left:0;width:max-content;max-width:calc(100vw - 4rem)}
th,td{border:1px solid var(--line);padding:.2rem .5rem;text-align:left;vertical-align:top}
thead th{background:var(--box)}th[scope=row]{font-weight:400}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.pair{white-space:normal}.pair span{white-space:nowrap}
tr.broken>*{border-left:.3rem solid var(--fail)}
footer{color:var(--soft);margin:2rem 0 1rem}
)";

constexpr std::string_view drawings = R"(svg{display:block;width:100%;min-width:60rem;height:auto;
border:1px solid var(--line);background:var(--ground)}
svg text{font:13px system-ui,sans-serif;fill:var(--text)}
.pod{fill:var(--pod)}.leaf{fill:var(--leaf)}.fault{fill:var(--fault)}
svg .accepted,svg .refused,svg .wrong{text-anchor:middle}
svg .accepted{fill:var(--text)}svg .refused{fill:var(--second);font-weight:700}
svg text.wrong{fill:var(--fail);font-size:16px}
.moment line{stroke:var(--fail);stroke-width:2}svg .moment text{fill:var(--fail);font-size:15px;
text-anchor:middle}
.mark line{stroke:var(--pass);stroke-width:2}svg .mark text{fill:var(--pass);font-size:13px}
svg .mark .side{text-anchor:end}
.grid{stroke:var(--line)}svg .tick{fill:var(--soft);font-size:12px;text-anchor:middle}
svg .tick.side{text-anchor:end}
.curve{fill:none;stroke-linecap:round;stroke-width:2;stroke:var(--leaf)}.curve.second{stroke:var(--second);
stroke-dasharray:7 3}.curve.third{stroke:var(--fail);stroke-dasharray:2 3}
.curve.fourth{stroke:var(--deviates);stroke-dasharray:12 4 2 4}
.dot{fill:var(--leaf)}.dot.second{fill:var(--second)}.dot.third{fill:var(--fail)}
.dot.fourth{fill:var(--deviates)}
.interval{stroke:var(--soft);stroke-width:2}
.legend{color:var(--soft);font-size:.9rem}.key{display:inline-block;width:1.4em;height:.8em;
border:1px solid var(--line)}.key-pod{background:var(--pod)}.key-leaf{background:var(--leaf)}
.key-fault{background:var(--fault)}
@media print{body{max-width:none;font-size:11pt}nav,button,.skip-link{display:none}
article,svg,tr{break-inside:avoid}h2,h3,caption{break-after:avoid}
.scroll{overflow:visible}svg{min-width:0}caption span{max-width:none;width:auto}
details::details-content{display:block;content-visibility:visible}}
@media (forced-colors:active){.pod,.leaf,.fault{stroke:CanvasText}}
)";

// No "<" and no "&" in it: then it is the same text to a parser of HTML and to one of XML.
constexpr std::string_view code = R"js((function(){"use strict";
var said=document.getElementById("said");
function chosen(code){var range=document.createRange();range.selectNodeContents(code);
var all=getSelection();all.removeAllRanges();all.addRange(range);
return document.execCommand("copy")?Promise.resolve():Promise.reject();}
function copy(code){if(!navigator.clipboard){return chosen(code);}
return navigator.clipboard.writeText(code.textContent).catch(function(){return chosen(code);});}
document.querySelectorAll("button.copy").forEach(function(button){button.hidden=false;
button.addEventListener("click",function(){copy(button.previousElementSibling).then(
function(){said.textContent="copied";button.textContent="Copied";},
function(){said.textContent="not copied: the command is selected";});});});
function unfold(){var at=location.hash.length>1?document.getElementById(location.hash.slice(1)):null;
while(at){if(at.tagName==="DETAILS"){at.open=true;}at=at.parentElement;}}
addEventListener("hashchange",unfold);unfold();
var opened=[];
addEventListener("beforeprint",function(){document.querySelectorAll("details").forEach(
function(one){if(!one.open){one.open=true;opened.push(one);}});});
addEventListener("afterprint",function(){opened.forEach(function(one){one.open=false;});opened=[];});
})();)js";

// Only this script runs, whatever else might get into a page.
constexpr std::string_view code_hash = "sha256-FR/PwOEnpPGzRfVqENrwtqGpr9sObIbwbFEwySv1nV8=";

/// The names of flags stay whole: a line that ends after their first dash is misread.
std::string with_whole_flags(const std::string& markup) {
    std::string out;
    std::size_t at = 0;
    for (auto next = markup.find(" --"); next != std::string::npos; next = markup.find(" --", at)) {
        const auto end = std::min(markup.find_first_of(" =&\n", next + 1), markup.size());
        out += fmt::format("{} <span class=\"flag\">{}</span>", markup.substr(at, next - at),
                           markup.substr(next + 1, end - next - 1));
        at = end;
    }
    return out + markup.substr(at);
}

}  // namespace

std::string page(std::string_view title, std::string_view body) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src '{}'; base-uri 'none'; form-action 'none'\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<title>{}</title>\n<style>\n{}{}{}</style>\n</head>\n<body>\n{}"
        "<p id=\"said\" class=\"unseen\" role=\"status\"></p>\n<script>{}</script>\n</body>\n"
        "</html>\n",
        code_hash, escaped(title), colours, layout, drawings, body, code);
}

std::string command(std::string_view text) {
    // A line of its own stays one: what is copied is run.
    return fmt::format(
        "<p class=\"command\"><code>{}</code> <button type=\"button\" class=\"copy\" "
        "hidden=\"hidden\" aria-label=\"Copy the command\">Copy</button></p>\n",
        with_whole_flags(escaped(text)));
}

std::string_view script() {
    return code;
}

}  // namespace meshproof::html
