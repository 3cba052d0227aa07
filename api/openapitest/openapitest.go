// Package openapitest holds answers against an OpenAPI document, for tests.
//
// It is a package of its own because of its library: whatever package uses that one takes half a minute to compile.
package openapitest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	invalid "github.com/pb33f/libopenapi-validator/errors"
)

// A Document is an OpenAPI document. It may be used concurrently.
//
// It has functions and not the library's validator, whose types would be compiled into every package that has a Document.
type Document struct {
	valid  func() error
	answer func(*http.Request, *http.Response) error
}

// Parse reads a document. It does not check whether that is valid: Valid does.
func Parse(text []byte) (*Document, error) {
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, fmt.Errorf("read OpenAPI document: %w", err)
	}
	v, errs := validator.NewValidator(document, config.WithFormatAssertions())
	if errs != nil {
		return nil, fmt.Errorf("read OpenAPI document: %w", errors.Join(errs...))
	}
	return &Document{
		valid: func() error { return failure(v.ValidateDocument()) },
		answer: func(request *http.Request, answer *http.Response) error {
			return failure(v.ValidateHttpResponse(request, answer))
		},
	}, nil
}

// Valid returns why the document is none of the version of OpenAPI that it states, or nil.
func (d *Document) Valid() error { return d.valid() }

// Answer returns in what an answer to a request is not as the document describes it, or nil. It reads the answer's body.
func (d *Document) Answer(request *http.Request, answer *http.Response) error {
	return d.answer(request, answer)
}

func failure(ok bool, errs []*invalid.ValidationError) error {
	if ok {
		return nil
	}
	all := []error{errors.New("not as the OpenAPI document says")}
	for _, err := range errs {
		text := []string{err.Error()}
		for _, detail := range err.SchemaValidationErrors {
			text = append(text, fmt.Sprintf("  %s: %s", detail.FieldPath, detail.Reason))
		}
		all = append(all, errors.New(strings.Join(text, "\n")))
	}
	return errors.Join(all...)
}
