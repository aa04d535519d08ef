"""The page's style: light or dark as the reader's system says, and black on white in print. Called by `page`."""

CSS = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2127;--dim:#5b6672;--line:#d5dae0;--card:#f6f7f9;--ref:#3d4a57;
--win:#4c8dd6;--bad:#b3261e;--warn:#8a5a00;--ok:#1f7a3d;--est:#8b5cc7}
@media (prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e4e8ec;--dim:#9aa6b2;--line:#343c45;--card:#1b2026;
--ref:#c9d2da;--win:#4c8dd6;--bad:#ff8a80;--warn:#f0b64c;--ok:#6fcf8f;--est:#b995e8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:68rem;padding:1rem 1.25rem 3rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:break-word}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:.2rem 0}p{margin:.3rem 0}ul{margin:.3rem 0;padding-left:1.2rem}
.dim,caption,.legend{color:var(--dim)}.drifted,.critical,.error{color:var(--bad)}.warning,.cannot-tell{color:var(--warn)}
.ok{color:var(--ok)}.state{font-weight:600}
.reading{border-left:4px solid var(--line);background:var(--card);padding:.6rem .9rem;margin:.6rem 0}
.reading.drifted{border-color:var(--bad);color:inherit}.reading b{font-size:1.05rem}
article{border:1px solid var(--line);border-radius:6px;padding:.6rem .9rem;margin:.7rem 0}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:.6rem 1rem;margin:.4rem 0}
figure{margin:0;break-inside:avoid}figcaption{font-size:.85rem;color:var(--dim)}
svg{width:100%;height:auto;display:block}svg text{font:10px system-ui,sans-serif;fill:var(--dim)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem;margin:.4rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.85rem}th,td{text-align:left;padding:.12rem .9rem .12rem 0;vertical-align:top;
border-bottom:1px solid var(--line);font-weight:400;max-width:32rem}thead th{color:var(--dim)}.n{text-align:right}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.15rem 1rem;margin:.4rem 0}dt{color:var(--dim)}
dd{margin:0}details>summary{cursor:pointer;color:var(--dim)}
.a{fill:none;stroke:var(--line)}.w{fill:var(--win);fill-opacity:.55;stroke:none}
.r{fill:none;stroke:var(--ref);stroke-width:1.3}.v{fill:none;stroke:var(--win);stroke-width:1.6;stroke-linecap:round}
.i{fill:var(--win);fill-opacity:.18}.b{fill:var(--ref);fill-opacity:.12}
.bl{fill:none;stroke:var(--ref);stroke-dasharray:1 3}.l{fill:none;stroke:var(--warn);stroke-dasharray:5 3}
.e{fill:none;stroke:var(--est);stroke-width:1.4;stroke-dasharray:4 2;stroke-linecap:round}
.eb{fill:var(--est);fill-opacity:.15}.d{fill:var(--bad)}.o{fill:var(--bg);stroke:var(--win)}
.legend{font-size:.85rem}.legend span{margin-right:1.1rem}.k{display:inline-block;width:1.1rem;height:.6rem;
margin-right:.35rem;border:1px solid transparent}.k.w{background:var(--win);opacity:.6}.k.r{border-color:var(--ref)}
.k.i{background:var(--win);opacity:.3}.k.b{background:var(--ref);opacity:.25}
.k.l{border-top:2px dashed var(--warn);height:0}
.k.e{border-top:2px dashed var(--est);height:0}.k.d{background:var(--bad);border-radius:50%;width:.6rem}
.k.o{border-color:var(--win);border-radius:50%;width:.6rem}
@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--card:#fff;--ref:#000;--bad:#b3261e;--warn:#8a5a00;
--ok:#1f7a3d}body{max-width:none;font-size:11px}h2,h3{break-after:avoid}}
"""
