package web

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"unicode/utf16"

	"github.com/a-h/templ"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/api/document"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// documentFile is the address of a client's document as a file, below that of the client.
const documentFile = "/client.json"

// documentShown is how many bytes of a document a page shows. The file has all of it.
const documentShown = 32 << 10

// documentContent is the tab with a client as the API gives it in JSON.
func (w *Web) documentContent(c echo.Context, v clientView) (templ.Component, error) {
	encoded, err := json.Marshal(w.documentAt(c.Request().Context(), v.Client, v.Past), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("encode a client: %w", err)
	}
	text, cut := escapeHidden(encoded), false
	if len(text) > documentShown {
		text, cut = bytes.ToValidUTF8(text[:documentShown], nil), true
	}
	return clientDocument(v, string(text), cut), nil
}

// documentAt returns the document of a client at a position; nil: now.
func (w *Web) documentAt(ctx context.Context, client readmodel.Client, at *readmodel.Position) document.Client {
	d := document.OfClient(client, w.registrar.Issuers.Trust)
	if at != nil {
		return d.At(*at)
	}
	if used := w.lastUseOf(ctx, client.ID); !used.IsZero() {
		d.LastUsedAt = &used
	}
	return d
}

// sendDocument answers with a client's document as a file.
func (w *Web) sendDocument(c echo.Context) error {
	found, err := w.findClient(c.Request().Context(), c)
	if err != nil {
		return err
	}
	return sendJSON(c, "client-"+found.ID+".json", w.documentAt(c.Request().Context(), found, nil))
}

// sendPastDocument is sendDocument for a client as it stood.
func (w *Web) sendPastDocument(c echo.Context, at readmodel.Position) error {
	then, _, err := w.findPastClient(c, at)
	if err != nil {
		return err
	}
	return sendJSON(c, "client-"+then.ID+"-at-event-"+atOf(at)+".json", w.documentAt(c.Request().Context(), then, &at))
}

// sendJSON answers with a value in JSON as a file with a name.
func sendJSON(c echo.Context, name string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, encoded)
}

// escapeHidden returns the same JSON with the characters escaped that a reader could not see, so that what is shown is
// what can be copied.
func escapeHidden(encoded []byte) []byte {
	var (
		b      bytes.Buffer
		before rune
	)
	for _, r := range string(encoded) {
		switch {
		case r == '\n' || !oauth.IsHidden(r, before):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		before = r
	}
	return b.Bytes()
}
