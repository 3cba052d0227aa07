package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// remoteSettings name a running server and what to sign in with.
type remoteSettings struct {
	administratorPassword
	Server    string `help:"URL of a running server." placeholder:"URL"`
	AdminUser string `help:"Name to sign in to the server with." default:"admin" placeholder:"NAME"`
	APIToken  string `help:"API token for the server, instead of name and password." placeholder:"TOKEN"`
}

// Validate refuses wrong settings.
func (a remoteSettings) Validate() error {
	server, err := url.Parse(a.Server)
	switch {
	case err != nil || server.Scheme != "http" && server.Scheme != "https" || server.Host == "":
		return errors.New("--server must be an http or https URL")
	case server.User != nil || server.RawQuery != "" || server.Fragment != "":
		return errors.New("--server must be a URL without user information, query and fragment")
	}
	password, err := a.administratorPassword.read()
	if err == nil && password == "" && a.APIToken == "" {
		err = errors.New("--server needs --admin-password or --api-token")
	}
	return err
}

// server returns the server with what to sign in with, which Validate has found to be there.
func (a remoteSettings) server() (*remoteServer, error) {
	password, err := a.administratorPassword.read()
	if err != nil {
		return nil, err
	}
	return &remoteServer{base: strings.TrimRight(a.Server, "/"), client: http.DefaultClient, authorize: func(request *http.Request) {
		if a.APIToken != "" {
			request.Header.Set("Authorization", "Bearer "+a.APIToken)
		} else {
			request.SetBasicAuth(a.AdminUser, password)
		}
	}}, nil
}

// remoteServer is a server and the way to it.
type remoteServer struct {
	base      string
	client    *http.Client
	authorize func(*http.Request)
}

func (s *remoteServer) request(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Request, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	s.authorize(request)
	return request, nil
}

const (
	exchangeLimit = 30 * time.Second
	exchangeSize  = 16 << 20
)

// exchange makes a request with a JSON body, nil for none, and returns the answer, which must be of a status.
func (s *remoteServer) exchange(ctx context.Context, method, path string, query url.Values, body []byte, status int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeLimit)
	defer cancel()
	request, err := s.request(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		return nil, refusal(response)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, exchangeSize))
	if err != nil {
		return nil, fmt.Errorf("read from server: %w", err)
	}
	return answer, nil
}
