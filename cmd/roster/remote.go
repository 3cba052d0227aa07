package main

import (
	"errors"
	"fmt"

	"roster/api/client"
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
	if _, err := client.New(a.Server, client.Options{}); err != nil {
		return fmt.Errorf("--%w", err) // which begins with "server"
	}
	password, err := a.administratorPassword.read()
	if err == nil && password == "" && a.APIToken == "" {
		err = errors.New("--server needs --admin-password or --api-token")
	}
	return err
}

// registry returns the registry with what to sign in with, which Validate has found to be there.
func (a remoteSettings) registry() (*client.Registry, error) {
	password, err := a.administratorPassword.read()
	if err != nil {
		return nil, err
	}
	return client.New(a.Server, client.Options{
		Credentials: client.Credentials{User: a.AdminUser, Password: password, APIToken: a.APIToken},
	})
}
