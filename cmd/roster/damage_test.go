package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/cmd/roster/vault"
)

// blocksOf is where the block files of a data directory's log are.
func blocksOf(data string) string {
	return filepath.Join(data, "log", "jetstream", "$G", "streams", "ROSTER", "msgs")
}

// refused starts the program, which must end with status 1 and one line that holds each of these texts.
func refused(t *testing.T, data string, args []string, texts ...string) {
	t.Helper()
	s := launch(t, data, args...)
	s.wait()
	if status := s.command.ProcessState.ExitCode(); status != exitFailure {
		t.Errorf("status %d, want %d", status, exitFailure)
	}
	lines := strings.Split(strings.TrimSpace(s.stderr.String()), "\n")
	for _, text := range texts {
		if last := lines[len(lines)-1]; !strings.Contains(last, text) {
			t.Errorf("refused with %q, want %q in it", last, text)
		}
	}
}

// fingerprint is the SHA-256 of all files below a directory, but for locks.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %x\n", path, sha256.Sum256(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// TestLostEvents damages an event in the middle of the log of a process that was killed: the start is refused
// and touches neither log nor read model; the auditor is refused as well; the loss accepted, the log says so.
func TestLostEvents(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	for range 20 {
		s.register(webApp)
	}
	s.kill()
	path := filepath.Join(blocksOf(data), "1.blk")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := len(content) / 2
	content[at] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}

	log := fingerprint(t, filepath.Join(data, "log"))
	refused(t, data, nil, "acknowledged events are missing: ", " to 20, ", "1.blk is damaged", "back-up", "--accept-loss")
	if fingerprint(t, filepath.Join(data, "log")) != log {
		t.Error("the log was changed before the loss was accepted")
	}
	if out, err := exec.Command("roster", "events", "--data", data).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("missing")) {
		t.Errorf("events: %v, %s", err, out)
	}

	s = start(t, data, "--accept-loss")
	events := s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body
	if n := bytes.Count(events, []byte("ClientRegistered")); n == 0 || n >= 20 {
		t.Errorf("%d clients are left", n)
	}
	accepted := s.must(http.StatusOK, "GET", "/api/v1/events?type=LossAccepted", "admin", "").body
	if !bytes.Contains(accepted, []byte(`"to":20}`)) || !bytes.Contains(accepted, []byte(`"kind":"system"`)) {
		t.Errorf("events of the loss: %s", accepted)
	}
	kept, err := filepath.Glob(filepath.Join(data, "log", "damaged-*", "1.blk"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("set aside: %v, %v", kept, err)
	}
	if got, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(got, content) {
		t.Errorf("what was set aside is not the file as it was: %v", err)
	}
	s.register(webApp)
	s.kill()
	start(t, data).register(webApp)
}

// TestLostRegistration loses the registration of a client that was changed afterwards, and the issue of an initial
// access token that was used. What is left of them is shown, and nobody can use it.
func TestLostRegistration(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	lost := s.register(webApp)
	issued := s.must(http.StatusCreated, "POST", "/api/v1/initial-access-tokens", "admin", `{"uses":5}`)
	large := `{"redirect_uris":["https://client.example.org/cb"],"contacts":["` + strings.Repeat(`a@example.org","`, 3000) + `a@example.org"]}`
	for s.register(large); len(blockFiles(t, data)) < 3; {
		s.register(large)
	}
	s.must(http.StatusOK, "PUT", lost.uri, lost.token, `{"client_id":"`+lost.id+`","redirect_uris":["https://client.example.org/other"]}`)
	kept := clientOf(s.must(http.StatusCreated, "POST", "/identity/register", issued.member("token"), webApp))
	s.kill()
	path := filepath.Join(blocksOf(data), "1.blk")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[100] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, data, nil, "acknowledged events are missing: 1 to ")

	s = start(t, data, "--accept-loss")
	for range 2 {
		client := s.must(http.StatusOK, "GET", "/api/v1/clients/"+lost.id, "admin", "")
		if client.member("status") != "lost" || !bytes.Contains(client.body, []byte("https://client.example.org/other")) {
			t.Errorf("the client is shown as %s", client.body)
		}
		s.must(http.StatusUnauthorized, "GET", "/identity/register/"+lost.id, lost.token, "")
		s.must(http.StatusUnauthorized, "PUT", "/identity/register/"+lost.id, lost.token, `{"client_id":"`+lost.id+`","redirect_uris":["https://client.example.org/"]}`)
		if token := s.must(http.StatusOK, "GET", "/api/v1/initial-access-tokens/"+issued.member("id"), "admin", ""); token.member("status") != "lost" {
			t.Errorf("the token is shown as %s", token.body)
		}
		s.must(http.StatusUnauthorized, "POST", "/identity/register", issued.member("token"), webApp)
		s.must(http.StatusOK, "GET", "/identity/register/"+kept.id, kept.token, "")
		if now := s.must(http.StatusOK, "GET", "/api/v1/registry?at="+s.lastSeq(), "admin", "").body; bytes.Contains(now, []byte(lost.id)) || !bytes.Contains(now, []byte(kept.id)) {
			t.Error("the registry as it stands has the client that was lost, or lacks the one that was not")
		}
		s.kill()
		s = start(t, data)
	}
}

// blockFiles returns the block files of the log.
func blockFiles(t *testing.T, data string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(blocksOf(data), "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestReadModelKnowsMore takes the log away, or puts an older one in its place, beside the read model.
func TestReadModelKnowsMore(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	s.register(webApp)
	if status := s.stop(); status != exitOK {
		t.Fatalf("status %d", status)
	}
	log, older := filepath.Join(data, "log"), filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(older, os.DirFS(log)); err != nil {
		t.Fatal(err)
	}
	s = start(t, data)
	s.register(webApp)
	s.must(http.StatusOK, "GET", "/api/v1/clients", "admin", "") // which waits until the read model holds it
	s.kill()
	if err := os.RemoveAll(log); err != nil {
		t.Fatal(err)
	}
	refused(t, data, nil, "acknowledged events are missing: 1 to 2,")
	if err := os.RemoveAll(log); err != nil { // the lock
		t.Fatal(err)
	}
	if err := os.CopyFS(log, os.DirFS(older)); err != nil {
		t.Fatal(err)
	}
	refused(t, data, nil, "acknowledged events are missing: 2,")
	s = start(t, data, "--accept-loss")
	if clients := bytes.Count(s.must(http.StatusOK, "GET", "/api/v1/clients", "admin", "").body, []byte(`"client_id"`)); clients != 1 {
		t.Errorf("%d clients, want the one that the back-up holds", clients)
	}
}

// TestDamagedWitness damages the read model where the log is held against it, which is no reason to stay down:
// the read model is built anew. It is none either to overlook what the log can tell by itself.
func TestDamagedWitness(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	for range 3 {
		s.register(webApp)
	}
	if status := s.stop(); status != exitOK {
		t.Fatalf("status %d", status)
	}
	zeroTable(t, filepath.Join(data, "readmodel.db"), "events")
	s = start(t, data)
	s.eventually("all events are listed", func() bool {
		a, err := s.call("GET", "/api/v1/events", "admin", "")
		return err == nil && a.status == http.StatusOK && bytes.Count(a.body, []byte("\n")) == 3
	})
	if status := s.stop(); status != exitOK {
		t.Fatalf("status %d", status)
	}

	zeroTable(t, filepath.Join(data, "readmodel.db"), "events")
	path := filepath.Join(blocksOf(data), "1.blk")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[0] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, data, nil, "acknowledged events are missing: 1 to 3,")
}

// zeroTable overwrites the first page of a table's tree.
func zeroTable(t *testing.T, path, table string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var page, size int64
	err = db.QueryRow(`SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = ?`, table).Scan(&page, &size)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(make([]byte, size), (page-1)*size)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestLostOnACluster deletes the stream of an external JetStream, which another process then makes anew.
func TestLostOnACluster(t *testing.T) {
	url, data := externalNATS(t), t.TempDir()
	s := start(t, data, "--nats-url", url)
	s.register(webApp)
	if status := s.stop(); status != exitOK {
		t.Fatalf("status %d", status)
	}
	connection, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	js, err := jetstream.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), "ROSTER"); err != nil {
		t.Fatal(err)
	}
	refused(t, data, []string{"--nats-url", url}, "acknowledged events are missing: 1,")
	other := start(t, t.TempDir(), "--nats-url", url)
	other.register(webApp)
	other.register(webApp)
	refused(t, data, []string{"--nats-url", url}, "acknowledged events are missing: 1,", "the read model is of the log")
	s = start(t, data, "--nats-url", url, "--accept-loss")
	if n := bytes.Count(s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body, []byte("\n")); n != 3 {
		t.Errorf("%d events, want two registrations and the loss", n)
	}
}

// TestAnotherSealingKey starts on a log with a key that it was not written with.
func TestAnotherSealingKey(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	s.register(webApp)
	if status := s.stop(); status != exitOK {
		t.Fatalf("status %d", status)
	}
	path := filepath.Join(data, sealingKeyFile)
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), vault.KeySize))
	put := func(key string) {
		if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	put(other + "\n")
	refused(t, data, nil, "written with the sealing key", "roster.key", "ROSTER_SECRET_KEY")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused(t, data, nil, "written with the sealing key")
	put(string(right))
	refused(t, data, []string{"--secret-key", other}, "written with the sealing key")
	s = start(t, data)
	if events := s.must(http.StatusOK, "GET", "/api/v1/events", "admin", "").body; bytes.Count(events, []byte("\n")) != 1 {
		t.Errorf("events %s: want the registration alone", events)
	}
	s.kill()

	// A new key first, the old one behind it: from then on both are needed.
	s = start(t, data, "--secret-key", other+","+strings.TrimSpace(string(right)))
	if events := s.must(http.StatusOK, "GET", "/api/v1/events?type=SealingKeyIntroduced", "admin", "").body; bytes.Count(events, []byte("\n")) != 1 {
		t.Errorf("events %s: want the new key", events)
	}
	s.kill()
	refused(t, data, []string{"--secret-key", other}, "written with the sealing key")
	refused(t, data, nil, "written with the sealing key")

	// Without the old one for good.
	s = start(t, data, "--secret-key", other, "--accept-loss")
	s.kill()
	start(t, data, "--secret-key", other)
}

// TestSealingKeysOfACluster has processes share a log: with the same key, and with another.
func TestSealingKeysOfACluster(t *testing.T) {
	url := externalNATS(t)
	one := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("1"), vault.KeySize))
	two := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("2"), vault.KeySize))
	s := start(t, t.TempDir(), "--nats-url", url, "--secret-key", one)
	s.register(webApp)
	start(t, t.TempDir(), "--nats-url", url, "--secret-key", one)
	refused(t, t.TempDir(), []string{"--nats-url", url, "--secret-key", two}, "written with the sealing key")
	refused(t, t.TempDir(), []string{"--nats-url", url}, "written with the sealing key")
}
