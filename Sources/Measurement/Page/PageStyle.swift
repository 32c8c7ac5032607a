// PageStyle — the page's one style sheet: sober, the same in light and dark, narrow or wide.

internal enum PageStyle {
    /// CSS without `<` and `&`, so that it is the same in HTML and in XML.
    static let sheet: StaticString = """
        :root {
          color-scheme: light dark;
          --paper: #fcfcfb; --card: #ffffff; --ink: #1d2126; --soft: #646c76; --rule: #e3e5e8;
          --one: #1f6fb2; --two: #d98200; --three: #b5375b;
          --good: #1c7c45; --good-paper: #e6f4eb; --bad: #b3261e; --bad-paper: #fbe9e7;
          --doubt: #8a5a00; --doubt-paper: #fdf3de;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #14171a; --card: #1b1f24; --ink: #e4e7ea; --soft: #98a1ab; --rule: #2e343b;
            --one: #6cb3ee; --two: #f0ad45; --three: #ee7d9d;
            --good: #6fce94; --good-paper: #16291e; --bad: #ff8f86; --bad-paper: #351a18;
            --doubt: #f0c068; --doubt-paper: #30270f;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 74rem;
          background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Inter, "DejaVu Sans", sans-serif;
          font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
        }
        header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; }
        h1 { font-size: 1.6rem; font-weight: 650; margin: 0; letter-spacing: -.01em; }
        h2 { font-size: 1rem; font-weight: 650; margin: 0; }
        p { margin: 0; }
        code { font: .92em ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace;
          overflow-wrap: anywhere; }
        .soft { color: var(--soft); }
        .badge { padding: .05rem .6rem; border-radius: 1rem; font-weight: 600; font-size: .85rem; }
        .passed { color: var(--good); background: var(--good-paper); }
        .failed { color: var(--bad); background: var(--bad-paper); }
        .tiles { display: grid; gap: .75rem; margin: 1.5rem 0;
          grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
        .tile, section, figure { background: var(--card); border: 1px solid var(--rule);
          border-radius: .6rem; }
        .tile { padding: .7rem .9rem; }
        .tile .name { color: var(--soft); font-size: .85rem; }
        .tile .figure { font-size: 1.45rem; font-weight: 600; line-height: 1.3;
          letter-spacing: -.01em; }
        .tile .unit { color: var(--soft); font-size: .8rem; }
        .notices { list-style: none; margin: 0 0 1.5rem; padding: 0; border-radius: .6rem;
          overflow: hidden; color: var(--doubt); background: var(--doubt-paper); }
        .notices li { padding: .45rem 1rem; }
        .notices .violated { color: var(--bad); background: var(--bad-paper);
          font-weight: 600; }
        .columns { display: grid; gap: 1rem; margin-bottom: 1rem;
          grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); }
        figure { margin: 0; padding: .9rem 1rem .6rem; min-width: 0; }
        figcaption { display: flex; flex-wrap: wrap; gap: .1rem 1rem; align-items: baseline;
          margin-bottom: .4rem; }
        .legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; color: var(--soft);
          font-size: .85rem; }
        .legend i { display: inline-block; width: 1.1rem; height: 0; margin-right: .35rem;
          vertical-align: middle; border-top: 2.5px solid currentColor; }
        .legend i.three { border-top-style: dotted; }
        i.one { color: var(--one); } i.two { color: var(--two); } i.three { color: var(--three); }
        svg { display: block; width: 100%; height: auto; }
        svg text { font-size: 12px; fill: var(--soft); }
        svg .grid { stroke: var(--rule); stroke-width: 1; }
        svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round;
          stroke-linecap: round; }
        svg .line.three { stroke-width: 1.4; stroke-dasharray: .1 3.2; }
        svg .mark { stroke-width: 1.4; stroke-dasharray: 4 3; }
        svg .one { stroke: var(--one); } svg .two { stroke: var(--two); }
        svg .three { stroke: var(--three); }
        svg .area { stroke: none; fill: var(--one); opacity: .13; }
        svg .bar { stroke: none; fill: var(--one); opacity: .75; }
        svg .dot { stroke: none; } svg .dot.one { fill: var(--one); }
        svg .dot.two { fill: var(--two); } svg .dot.three { fill: var(--three); }
        section { padding: .9rem 1rem; min-width: 0; }
        section h2 { margin-bottom: .4rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: .28rem 0; font-weight: 400;
          border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
        tr:first-child th, tr:first-child td { border-top: 0; }
        th { color: var(--soft); width: 9rem; padding-right: 1rem; overflow-wrap: normal; }
        td span { display: inline-block; margin-right: 1.1rem; }
        tr.bad th, tr.bad td { color: var(--bad); font-weight: 600; }
        footer { margin-top: 1.5rem; color: var(--soft); font-size: .85rem; }
        @media (max-width: 36rem) {
          body { padding: 1.25rem .75rem 2rem; }
          .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem; }
          .tile .figure { font-size: 1.2rem; }
          figure, section { padding: .75rem .7rem; }
          svg text { font-size: 16px; }
          th { width: 7.6rem; padding-right: .6rem; }
        }
        @media print { body { max-width: none; } figure, section { break-inside: avoid; } }
        """
}
