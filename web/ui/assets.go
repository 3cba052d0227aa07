package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
)

//go:embed assets
var assetFiles embed.FS

// assetRoot is the path below which assets are served.
const assetRoot = "/admin/assets/"

// An Asset is a file that pages load. Its path holds a hash of its content, so that a browser may keep it
// for ever.
type Asset struct {
	Path        string
	ContentType string
	Content     []byte
}

// The assets that the layout refers to.
var (
	styleSheet = mustAsset("assets/dashboard.css", "assets/frame.css", "assets/overview.css", "assets/client.css", "assets/media.css")
	script     = mustAsset("assets/dashboard.js")
	icon       = mustAsset("assets/icon.svg")
	htmx       = mustAsset("assets/vendor/htmx-4.0.1.min.js")
)

// Assets returns every file that a page may load. The caller must not change their content.
func Assets() []Asset { return []Asset{styleSheet, script, icon, htmx} }

// mustAsset reads an embedded file, and those that continue it. A file that is missing is a fault of the build, hence
// the panic.
func mustAsset(name string, continued ...string) Asset {
	var content []byte
	for _, part := range append([]string{name}, continued...) {
		read, err := fs.ReadFile(assetFiles, part)
		if err != nil {
			panic(fmt.Sprintf("asset %s: %v", part, err))
		}
		content = append(content, read...)
	}
	hash := sha256.Sum256(content)
	ext := path.Ext(name)
	base := path.Base(name)
	return Asset{
		Path:        assetRoot + base[:len(base)-len(ext)] + "." + hex.EncodeToString(hash[:8]) + ext,
		ContentType: mime.TypeByExtension(ext),
		Content:     content,
	}
}
