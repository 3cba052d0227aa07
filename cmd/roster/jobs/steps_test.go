package jobs_test

import (
	"encoding/json"

	"roster/web/browsertest"
)

// choose gives a field a value.
func choose(b *browsertest.Browser, field, value string) {
	b.Helper()
	browsertest.Eval[bool](b, `document.querySelector(`+browsertest.Quoted(field)+`).value = `+browsertest.Quoted(value)+`, true`)
}

// untilListed waits until the page lists the clients with these names, in this order, and no other.
func untilListed(b *browsertest.Browser, names ...string) {
	b.Helper()
	want, err := json.Marshal(names)
	if err != nil {
		b.Fatal(err)
	}
	b.Until(`JSON.stringify([...document.querySelectorAll("main table.clients a.name")].map(a => a.innerText)) === ` + browsertest.Quoted(string(want)))
}

// untilFiltered waits until the filter that can be taken away says this, such as "Software: com.example.wiki".
func untilFiltered(b *browsertest.Browser, chips ...string) {
	b.Helper()
	for _, chip := range chips {
		b.Until(`[...document.querySelectorAll(".chips .chip")].some(c => c.innerText.replace(/\s+/g, " ").includes(` + browsertest.Quoted(chip) + `))`)
	}
}
