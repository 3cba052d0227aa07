package jobs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"roster/web/browsertest"
)

// A flood of registrations is watched: the page stays usable, and what an administrator does meanwhile is seen.
func TestAFloodIsWatched(t *testing.T) {
	var desk, leaked registration
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(2, 9, 0))
		desk = p.register("198.51.100.7", `{"client_name":"Front desk","redirect_uris":["https://desk.example/cb"]}`)
		leaked = p.register("198.51.100.7", `{"client_name":"Leaked","redirect_uris":["https://leaked.example/cb"]}`)
	}), "--registration-rate", "0")
	t.Run("with scripts", func(t *testing.T) {
		b := p.open(t, true)
		b.Visit("/admin/events")
		b.UntilText("Live")
		b.TabTo(`e.innerText === "Front desk"`)
		browsertest.Eval[bool](b, watching)

		const wave = 600
		p.flood(t, wave)
		p.revoke(t, leaked)
		p.flood(t, wave)
		b.UntilText("registered by 127.0.0.1 in ")
		b.Until(`[...rows.rows].some(row => row.innerText.includes("Revoked") && row.innerText.includes("Leaked"))`)
		b.Keep("flood")
		if got := browsertest.Eval[string](b, `document.activeElement.innerText + " " + document.activeElement.pathname`); got != "Front desk /admin/clients/"+desk.id {
			t.Errorf("the focus went to %q", got)
		}
		b.Until(fmt.Sprintf("announced.reduce((sum, { events }) => sum + events, 0) === %d", 2*wave+1))
		if early := browsertest.Eval[[]float64](b, `announced.slice(1).map(({ at }, i) => at - announced[i].at).filter(pause => pause < 9900)`); len(early) > 0 {
			t.Errorf("announcements follow one another after %v ms", early)
		}
		if most := browsertest.Eval[int](b, "most"); most > 200 {
			t.Errorf("the page had %d rows", most)
		}

		b.Click("Pause")
		b.UntilText("Paused")
		shown := browsertest.Eval[string](b, "rows.innerText")
		p.flood(t, wave)
		b.UntilText(fmt.Sprintf("%d new events", wave))
		if now := browsertest.Eval[string](b, "rows.innerText"); now != shown {
			t.Errorf("a paused log went on to %s", now)
		}
		b.Click("Resume")
		b.UntilText(fmt.Sprintf("%d registered by 127.0.0.1 in ", wave))
		b.Click(fmt.Sprintf("%d registered by 127.0.0.1 in ", wave))
		b.Until(`document.querySelector(".chips").textContent.includes("Events: 1,204 to 1,803")`)
		b.Until(`document.querySelectorAll("#log tbody tr").length === 50`)
	})
	t.Run("without scripts", func(t *testing.T) {
		b := p.open(t, false)
		b.Visit("/admin/events")
		b.Until(`document.querySelectorAll("#log tbody tr").length === 50`)
		newest := `document.querySelector("#log tbody tr").dataset.seq`
		before := browsertest.Eval[string](b, newest)
		p.flood(t, 100)
		b.Click("Refresh")
		b.Until(newest + " - " + before + ` === 100`)
		b.Click("Older events")
		b.UntilPath("/admin/events?before=*")
	})
}

// watching keeps what a live log does: how many rows it had at most, and when it announced how many events.
const watching = `
	window.rows = document.querySelector("#log tbody");
	window.most = 0;
	window.announced = [];
	new MutationObserver(() => { most = Math.max(most, rows.rows.length); }).observe(rows, { childList: true });
	window.news = document.querySelector("#live-news");
	new MutationObserver(() => { announced.push({ at: performance.now(), events: parseInt(news.innerText) }); }).observe(news, { childList: true });
	true`

// flood registers clients as fast as the program takes them.
func (p *program) flood(t *testing.T, clients int) {
	t.Helper()
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for i := sender; i < clients; i += 4 {
				document := fmt.Sprintf(`{"client_name":"Flood %d","redirect_uris":["https://flood.example/cb"]}`, i)
				response, err := http.Post(p.url+registerPath, "application/json", strings.NewReader(document))
				if err != nil {
					t.Errorf("register: %v", err)
					return
				}
				response.Body.Close()
				if response.StatusCode != http.StatusCreated {
					t.Errorf("register: status %d", response.StatusCode)
					return
				}
			}
		})
	}
	senders.Wait()
}

// revoke has the administrator revoke a client.
func (p *program) revoke(t *testing.T, c registration) {
	t.Helper()
	if err := p.registry(t).Revoke(t.Context(), c.id, "leaked"); err != nil {
		t.Fatal(err)
	}
}
