//! Writing HTML: elements are closed, text is escaped.

/// HTML while it is being written.
#[derive(Debug, Default)]
pub(super) struct Html(String);

/// Elements without an end tag.
const VOID: [&str; 1] = ["meta"];

impl Html {
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// Markup as it is; never anything that comes from a definition.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // HTML has no way to write it.
                '\0' => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
    }

    /// An element around what `inner` writes.
    pub(super) fn within(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        inner: impl FnOnce(&mut Self),
    ) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
        inner(self);
        if !VOID.contains(&tag) {
            self.0.push_str("</");
            self.0.push_str(tag);
            self.0.push('>');
        }
    }

    pub(super) fn code(&mut self, text: &str) {
        self.within("code", &[], |html| html.text(text));
    }

    pub(super) fn link(&mut self, address: &str, text: &str) {
        self.within("a", &[("href", address)], |html| html.text(text));
    }

    /// Text that people wrote: blank lines part paragraphs, backticks mark code.
    pub(super) fn prose(&mut self, text: &str) {
        for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
            self.within("p", &[], |html| html.phrase(paragraph));
        }
    }

    /// The same without paragraphs.
    pub(super) fn phrase(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('`') {
            let Some((code, after)) = after.split_once('`') else { break };
            self.text(before);
            self.code(code);
            rest = after;
        }
        self.text(rest);
    }

    /// A table; every row is written cell by cell.
    pub(super) fn table(&mut self, caption: &str, columns: &[&str], rows: impl FnOnce(&mut Self)) {
        // Wide tables scroll by themselves, which takes the focus to be possible from a keyboard.
        let frame = [("class", "wide"), ("role", "region"), ("aria-label", caption), ("tabindex", "0")];
        self.within("div", &frame, |html| {
            html.within("table", &[], |html| {
                html.within("caption", &[], |html| html.text(caption));
                html.within("thead", &[], |html| {
                    html.within("tr", &[], |html| {
                        for column in columns {
                            html.within("th", &[("scope", "col")], |html| html.text(column));
                        }
                    });
                });
                html.within("tbody", &[], rows);
            });
        });
    }

    /// The first cell of a row, which names it.
    pub(super) fn row_name(&mut self, inner: impl FnOnce(&mut Self)) {
        self.within("th", &[("scope", "row")], inner);
    }

    pub(super) fn cell(&mut self, inner: impl FnOnce(&mut Self)) {
        self.within("td", &[], inner);
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.within("a", &[("href", "\"><script>")], |html| html.text("<b> & \"c\"\0"));
        assert_eq!(
            html.finish(),
            "<a href=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt; &amp; &quot;c&quot;\u{fffd}</a>"
        );
    }

    #[test]
    fn backticks_mark_code_if_there_are_two() {
        let mut html = Html::default();
        html.prose("a `b<` c\n\n\nd ` e");
        assert_eq!(html.finish(), "<p>a <code>b&lt;</code> c</p><p>d ` e</p>");
    }
}
