package web

import (
	"errors"
	"net/http"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// behindTolerated is how many events the read model may lack before a page says so.
const behindTolerated = 1000

// readModelNotices returns what every page says about the state of the read model.
func readModelNotices(h readmodel.Health) []ui.Notice {
	shown := "Pages show the registry as of event " + ui.Number(h.Applied) + " of " + ui.Number(h.Last) + "."
	switch {
	case h.Err != nil:
		return []ui.Notice{{Tone: ui.Bad, Lead: "The read model has stopped.", Text: stoppedAt(h) + " " + shown}}
	case errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return nil // every page is a readModelProblem
	case h.Trouble != nil:
		return []ui.Notice{{Tone: ui.Warning, Lead: "Out of date.",
			Text: "The read model cannot follow the event log at present, so pages may lack the newest events. The server's log says why."}}
	case h.Last > h.Applied+behindTolerated:
		return []ui.Notice{{Tone: ui.Warning, Lead: "Out of date.", Text: "The read model is catching up. " + shown}}
	}
	return nil
}

// readModelProblem returns what a page says that cannot be shown because of err, a readmodel.ErrUnavailable, and
// whether that passes by itself.
func readModelProblem(err error, h readmodel.Health) (p ui.Problem, passes bool) {
	var catchingUp *readmodel.CatchingUpError
	unavailable := func(title, detail string) ui.Problem {
		return problem(http.StatusServiceUnavailable, title, detail)
	}
	switch {
	case errors.As(err, &catchingUp):
		progress := ui.Progress{Done: catchingUp.Applied, Total: catchingUp.Last, Unit: "events"}
		p := unavailable("Catching up: "+progress.String(), "Roster is reading its event log and shows nothing before it has read all of it.")
		p.Progress = &progress
		return p, true
	case h.Err != nil:
		return unavailable("The read model has stopped",
			stoppedAt(h)+" This page would have to show that event or a later one. It cannot be shown before the fault is repaired and Roster is started again."), false
	case h.Trouble != nil:
		return unavailable("The read model cannot follow the event log",
			"Pages would be out of date. Roster keeps trying. The server's log says what is wrong."), true
	case errors.Is(err, readmodel.ErrBehind):
		held := "It holds " + ui.Number(h.Applied) + " of " + ui.Number(h.Last) + " events"
		if h.Applied >= h.Last {
			held = "The event log holds newer events" // another process recorded them a moment ago
		}
		return unavailable("The read model is behind", held+", so this page would be out of date."), true
	}
	return unavailable("The read model cannot be read", "Roster keeps trying. The server's log says what is wrong."), true
}

// stoppedAt says at which event the read model has stopped, and why.
func stoppedAt(h readmodel.Health) string {
	return "Event " + ui.Number(h.Applied+1) + " could not be applied: " + ui.PlainUntrusted(h.Err.Error(), ui.CellLength) + "."
}
