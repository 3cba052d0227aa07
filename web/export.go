package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// exportClients answers with all clients that a list selects, as a file whose name tells the event after which they
// stood so.
func (w *Web) exportClients(c echo.Context) error {
	file, query, err := w.clientFileOf(c, w.clock())
	if err != nil {
		return err
	}
	if err := w.reader.ExportClients(c.Request().Context(), query, file.begin, file.add); err != nil {
		return err
	}
	return file.out.Send()
}

// exportPastClients is exportClients for a list of clients as they stood.
func (w *Web) exportPastClients(c echo.Context, at readmodel.Position) error {
	file, query, err := w.clientFileOf(c, at.Time)
	if err != nil {
		return err
	}
	if err := file.begin(at.Seq); err != nil {
		return err
	}
	if err := w.reader.ExportClientsAt(c.Request().Context(), at, query, file.add); err != nil {
		return err
	}
	return file.out.Send()
}

// A clientFile is a file of clients that is being sent.
type clientFile struct {
	to     echo.Context
	format exportFormat
	trusts func(issuer string) bool // whose software statements are believed
	out    *front.Stream            // once it has begun
	line   []byte                   // memory for the next one
}

// clientFileOf reads from an address which clients are exported, at a time, and how.
func (w *Web) clientFileOf(c echo.Context, now time.Time) (*clientFile, readmodel.ClientQuery, error) {
	filters, _, err := clientFiltersOf(c.QueryParams())
	if err != nil {
		return nil, readmodel.ClientQuery{}, err
	}
	query, err := filters.query(now)
	if err != nil {
		return nil, query, err
	}
	format, err := exportFormatOf(c)
	return &clientFile{to: c, format: format, trusts: w.registrar.Issuers.Trust}, query, err
}

// begin begins the file of clients as they stood after an event.
func (f *clientFile) begin(at uint64) (err error) {
	f.out, err = f.format.begin(f.to, fmt.Sprintf("clients-at-event-%d", at), exportColumns)
	return err
}

// add adds a client to the file.
func (f *clientFile) add(client readmodel.ListedClient) (err error) {
	encode := appendCSV
	if f.format == jsonLines {
		encode = appendJSONLine
	}
	if f.line, err = encode(f.line[:0], client, f.trusts); err != nil {
		return err
	}
	return f.out.Encoded(f.line)
}

// An exportFormat is how a list is written to a file: the ending of its name.
type exportFormat string

const (
	commaSeparated exportFormat = "csv"
	jsonLines      exportFormat = "jsonl"
)

// exportFormatOf reads from an address how a list is written: as CSV, or as lines of JSON with the parameter format=jsonl.
func exportFormatOf(c echo.Context) (exportFormat, error) {
	switch format := exportFormat(c.QueryParam("format")); format {
	case "", commaSeparated:
		return commaSeparated, nil
	case jsonLines:
		return jsonLines, nil
	}
	return "", badRequest{"format", "A list is exported as csv or jsonl."}
}

// begin begins the answer that is a file with a name, which has no ending yet, and with columns if it is CSV.
func (f exportFormat) begin(c echo.Context, name string, columns []string) (*front.Stream, error) {
	c.Response().Header().Set(echo.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%s.%s", name, f))
	if f == jsonLines {
		return front.NewStream(c, front.Lines), nil
	}
	out := front.NewStream(c, front.CSV)
	return out, out.Encoded(appendRecord(nil, columns))
}

// exportColumns are the columns of an export as CSV.
var exportColumns = []string{
	"client_id", "client_name", "ext_param_owner", "status", "application_type", "token_endpoint_auth_method", "grant_types", "redirect_uris",
	"software_id", "software_version", "contacts", "registered_at", "registered_from", "initial_access_token", "updated_at", "version",
	"client_secret_expires_at", "cautions",
}

// appendCSV appends a client as a record of exportColumns. Times are RFC 3339 in UTC, lists are divided by spaces.
func appendCSV(b []byte, c readmodel.ListedClient, trusts func(issuer string) bool) ([]byte, error) {
	m := c.Metadata
	expires := ""
	if c.Secret != nil && !c.Secret.ExpiresAt.IsZero() {
		expires = c.Secret.ExpiresAt.UTC().Format(time.RFC3339)
	}
	var cautions []string
	for _, caution := range c.Cautions(trusts) {
		text := string(caution.Level) + ": " + caution.Member + " " + caution.Detail
		if caution.Client != "" {
			text += " " + caution.Client
		}
		cautions = append(cautions, text)
	}
	list := func(name string) string { return strings.Join(m.List(name), " ") }
	return appendRecord(b, []string{
		c.ID, m.Name(), m.Owner(), string(c.Status), m.Text("application_type"), m.Text("token_endpoint_auth_method"), list("grant_types"), list("redirect_uris"),
		m.Text("software_id"), m.Text("software_version"), list("contacts"), c.RegisteredAt.UTC().Format(time.RFC3339), c.RegisteredFrom, c.InitialAccessToken,
		c.UpdatedAt.UTC().Format(time.RFC3339), strconv.FormatUint(c.Version, 10), expires, strings.Join(cautions, "; "),
	}), nil
}

// appendRecord appends a record of CSV (RFC 4180) without the end of its line. A cell that a spreadsheet would take for
// a formula begins with an apostrophe.
func appendRecord(b []byte, cells []string) []byte {
	disarmed := make([]string, len(cells))
	for i, cell := range cells {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			cell = "'" + cell
		}
		disarmed[i] = cell
	}
	var record bytes.Buffer
	out := csv.NewWriter(&record)
	_ = out.Write(disarmed) // a buffer takes all that is written
	out.Flush()
	return append(b, bytes.TrimSuffix(record.Bytes(), []byte("\n"))...)
}

// exportedClient is a client as a line of JSON, without any secret, token or digest.
type exportedClient struct {
	ClientID           string          `json:"client_id"`
	Status             domain.Status   `json:"status"`
	RegisteredAt       time.Time       `json:"registered_at"`
	RegisteredFrom     string          `json:"registered_from,omitzero"`
	UpdatedAt          time.Time       `json:"updated_at"`
	Version            uint64          `json:"version"`
	InitialAccessToken string          `json:"initial_access_token,omitzero"`
	SecretExpiresAt    time.Time       `json:"secret_expires_at,omitzero"`
	Cautions           []oauth.Caution `json:"cautions,omitzero"`
	Metadata           jsontext.Value  `json:",embed"`
}

func appendJSONLine(b []byte, c readmodel.ListedClient, trusts func(issuer string) bool) ([]byte, error) {
	line := exportedClient{
		ClientID: c.ID, Status: c.Status, RegisteredAt: c.RegisteredAt.UTC(), RegisteredFrom: c.RegisteredFrom, UpdatedAt: c.UpdatedAt.UTC(),
		Version: c.Version, InitialAccessToken: c.InitialAccessToken, Cautions: c.Cautions(trusts), Metadata: c.Metadata.AppendJSON(nil),
	}
	if c.Secret != nil {
		line.SecretExpiresAt = c.Secret.ExpiresAt
	}
	encoded, err := json.Marshal(line)
	return append(b, encoded...), err
}
