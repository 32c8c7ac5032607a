// Chart — an SVG picture with two axes: a frame, a grid, and what is drawn in it.
//
// Colours and type come from the page's style sheet by class, which is how one picture is right in
// light and dark. The picture is 520 units wide, about what a column of the page has, so a unit
// is a pixel there; on a phone it shrinks and the style sheet makes its type larger in turn.

/// A picture in the making.
internal struct Chart {
    struct Point {
        /// Places on the axes, 0 to 1.
        var x: Double
        var y: Double
    }

    let horizontal: Axis
    let vertical: Axis
    private var body = Markup()

    private static let width = 520.0
    private static let height = 296.0
    private static let left = 66.0
    private static let right = 506.0
    private static let top = 30.0
    private static let bottom = 248.0

    /// Begins a picture.
    ///
    /// - Parameters:
    ///   - horizontalTitle: Under the horizontal axis, at its end: what it shows, in which unit.
    ///   - verticalTitle: Above the vertical axis.
    init(horizontal: Axis, vertical: Axis, horizontalTitle: String, verticalTitle: String) {
        self.horizontal = horizontal
        self.vertical = vertical
        for tick in vertical.ticks {
            let y = Self.y(tick.place)
            body.empty(
                "line",
                [
                    "class": "grid", "x1": Self.text(Self.left), "x2": Self.text(Self.right),
                    "y1": y, "y2": y,
                ])
            body.element(
                "text", ["class": "tick", "text-anchor": "end", "x": "58", "y": y, "dy": "0.35em"],
                text: tick.label)
        }
        for tick in horizontal.ticks {
            let x = Self.x(tick.place)
            body.empty("line", ["class": "grid", "x1": x, "x2": x, "y1": "248", "y2": "253"])
            // A label at the right border would leave the picture if it were centred.
            body.element(
                "text",
                [
                    "class": "tick", "text-anchor": tick.place > 0.97 ? "end" : "middle",
                    "x": tick.place > 0.97 ? "514" : x, "y": "256", "dy": "0.8em",
                ], text: tick.label)
        }
        body.element("text", ["class": "title", "x": "6", "y": "14"], text: verticalTitle)
        body.element(
            "text", ["class": "title", "text-anchor": "end", "x": "506", "y": "292"],
            text: horizontalTitle)
    }

    /// Draws a line through `points`.
    mutating func line(_ points: [Point], style: String) {
        guard let path = Self.path(points) else { return }
        body.empty("path", ["class": "line \(style)", "d": path])
        // One point is no line; a dot at least shows it.
        if points.count == 1 { dot(points[0], style: style) }
    }

    /// Fills what is under a line through `points`.
    mutating func area(_ points: [Point], style: String) {
        guard let first = points.first, let last = points.last, let path = Self.path(points) else {
            return
        }
        let bottom = Self.y(0)
        body.empty(
            "path",
            [
                "class": "area \(style)",
                "d": "\(path)L\(Self.x(last.x)) \(bottom)L\(Self.x(first.x)) \(bottom)Z",
            ])
    }

    mutating func dot(_ point: Point, style: String) {
        body.empty(
            "circle",
            ["class": "dot \(style)", "cx": Self.x(point.x), "cy": Self.y(point.y), "r": "3.5"])
    }

    /// Draws a bar from the bottom to `height`, between two places; all bars are one path.
    mutating func bars(_ bars: [(from: Double, to: Double, height: Double)], style: String) {
        let bottom = Self.y(0)
        var path = ""
        for bar in bars where bar.height > 0 {
            // At least a hairline, so that one slow message in a million is there to be seen.
            let top = Swift.min(Self.yValue(bar.height), Self.bottom - 1)
            let left = Self.xValue(bar.from)
            let right = Swift.max(Self.xValue(bar.to) - 0.8, left + 0.6)
            path += "M\(Self.text(left)) \(bottom)V\(Self.text(top))H\(Self.text(right))V\(bottom)Z"
        }
        guard !path.isEmpty else { return }
        body.empty("path", ["class": "bar \(style)", "d": path])
    }

    /// Draws an upright line at `place`.
    mutating func mark(_ place: Double, style: String) {
        let x = Self.x(place)
        body.empty(
            "line",
            ["class": "mark \(style)", "x1": x, "x2": x, "y1": "30", "y2": "248"])
    }

    /// Writes the picture, with `description` for those who do not see it.
    func write(to markup: inout Markup, description: String) {
        markup.element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "role": "img",
                "viewBox": "0 0 \(Self.text(Self.width)) \(Self.text(Self.height))",
            ]
        ) { markup in
            markup.element("title", text: description)
            markup.include(body)
        }
    }

    // MARK: - Places to units

    private static func path(_ points: [Point]) -> String? {
        guard !points.isEmpty else { return nil }
        var path = ""
        for point in points { path += "\(path.isEmpty ? "M" : "L")\(x(point.x)) \(y(point.y))" }
        return path
    }

    private static func xValue(_ place: Double) -> Double { left + place * (right - left) }
    private static func yValue(_ place: Double) -> Double { bottom - place * (bottom - top) }
    private static func x(_ place: Double) -> String { text(xValue(place)) }
    private static func y(_ place: Double) -> String { text(yValue(place)) }

    /// A coordinate with one digit after the point, never with an exponent.
    private static func text(_ coordinate: Double) -> String {
        guard coordinate.isFinite else { return "0" }
        let tenths = Int((Swift.min(Swift.max(coordinate, -9999), 9999) * 10).rounded())
        let (whole, rest) = (tenths.magnitude / 10, tenths.magnitude % 10)
        return "\(tenths < 0 ? "-" : "")\(whole)\(rest == 0 ? "" : ".\(rest)")"
    }
}
