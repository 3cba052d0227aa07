package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"

	"github.com/labstack/echo/v4"
)

//go:embed assets
var assetFiles embed.FS

// assetRoot is where assets are served. Every URL below it names one content for ever.
const assetRoot = "/admin/assets/"

// An asset is an embedded file under a URL that holds a hash of its content.
type asset struct {
	url         string
	contentType string
	content     []byte
}

// The assets that pages refer to.
var (
	styleSheet = mustAsset("assets/dashboard.css")
	script     = mustAsset("assets/dashboard.js")
	icon       = mustAsset("assets/icon.svg")
	htmx       = mustAsset("assets/vendor/htmx-4.0.1.min.js")
)

// mustAsset reads an embedded file. It panics when there is none, which is an error of the build.
func mustAsset(name string) asset {
	content, err := fs.ReadFile(assetFiles, name)
	if err != nil {
		panic(fmt.Sprintf("asset %s: %v", name, err))
	}
	hash := sha256.Sum256(content)
	ext := path.Ext(name)
	base := path.Base(name)
	return asset{
		url:         assetRoot + base[:len(base)-len(ext)] + "." + hex.EncodeToString(hash[:8]) + ext,
		contentType: mime.TypeByExtension(ext),
		content:     content,
	}
}

// serve answers with the asset, to be kept for ever since its URL changes with its content.
func (a asset) serve(c echo.Context) error {
	header := c.Response().Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(a.content))
	return nil
}
