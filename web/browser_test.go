package web_test

import (
	"os"
	"testing"

	"roster/web/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// open opens the dashboard of a registry in a browser.
func open(t testing.TB, r *registry) *browsertest.Browser {
	t.Helper()
	return browsertest.Open(t, browsertest.Dashboard{URL: r.server.URL, User: adminName, Password: adminPassword})
}
