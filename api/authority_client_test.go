package api_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/api/client"
	"roster/domain"
)

// An authorization server that is a Go program looks clients up, has them authenticated and follows the changes.
func TestGoAuthorizationServer(t *testing.T) {
	s := start(t, withAuthority(t))
	ctx, server := t.Context(), s.registry(client.Credentials{AuthorityToken: authorityToken})
	made := s.client(webClient)
	secret := made.text(t, "client_secret")

	looked, err := server.LookUp(ctx, made.id)
	digest := domain.DigestOf(secret)
	if err != nil || looked.ID != made.id || looked.IssuedAt == 0 || looked.ClientSecretExpiresAt == nil || looked.Metadata["client_name"] != "Web" ||
		!cmp.Equal(looked.ClientSecretSHA256, []string{base64.StdEncoding.EncodeToString(digest[:])}) || looked.Metadata["client_id"] != nil {
		t.Errorf("%+v, %v", looked, err)
	}
	_, err = server.LookUp(ctx, "https://client.example.org/metadata?a=b")
	refusedBy(t, err, http.StatusNotFound, "invalid_client")
	_, err = s.registry(client.Credentials{APIToken: apiToken}).LookUp(ctx, made.id)
	refusedBy(t, err, http.StatusUnauthorized, "invalid_token")

	request := client.ClientRequest{Authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(made.id+":"+secret)), Audience: []string{"https://as.example.org"}}
	got, err := server.Authenticate(ctx, request)
	if diff := cmp.Diff(client.Authentication{Active: true, ClientID: made.id, Method: "client_secret_basic"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	request.Authorization = ""
	request.ClientID, request.ClientSecret = made.id, "wrong"
	if got, err := server.Authenticate(ctx, request); err != nil || got != (client.Authentication{}) {
		t.Errorf("%+v, %v", got, err)
	}
	listed, err := s.registry(client.Credentials{APIToken: apiToken}).Client(ctx, made.id)
	if err != nil || listed.LastUsedAt == nil || listed.LastUsedAt.IsZero() || listed.Metadata["last_used_at"] != nil {
		t.Errorf("%+v, %v", listed, err)
	}

	var told []client.Change
	tell := func(c client.Change) error {
		told = append(told, c)
		return nil
	}
	if err := server.Changes(ctx, 0, tell); err != nil || len(told) != 2 || told[0].Client.ID != made.id || told[0].Seq != nil || *told[1].Seq != 1 {
		t.Errorf("%+v, %v", told, err)
	}
	refusedBy(t, server.Changes(ctx, 9, tell), http.StatusConflict, "conflict")
	refusedBy(t, server.FollowChanges(ctx, 9, nil, tell), http.StatusConflict, "conflict")

	kept, err := server.SetConsumer(ctx, "cache", 1)
	if err != nil || kept.Name != "cache" || kept.Seq != 1 || kept.Lag != 0 || kept.UpdatedAt.IsZero() {
		t.Errorf("%+v, %v", kept, err)
	}
	all, err := server.Consumers(ctx)
	one, oneErr := server.Consumer(ctx, "cache")
	if diff := cmp.Diff([]client.Consumer{kept, kept}, append(all, one)); err != nil || oneErr != nil || diff != "" {
		t.Errorf("%v, %v (-want +got):\n%s", err, oneErr, diff)
	}

	following, stop := context.WithCancel(ctx)
	ended := "" // the client that ended
	expect(t, s.do("DELETE", "/api/v1/clients/"+made.id, asAdmin), http.StatusNoContent, "")
	err = server.FollowChanges(following, 1, nil, func(c client.Change) error {
		if c.ClientID != "" && c.Client == nil {
			ended = c.ClientID
			stop()
		}
		return nil
	})
	if err != nil || ended != made.id {
		t.Errorf("followed to the end of %q, %v", ended, err)
	}
	if err := server.RemoveConsumer(ctx, "cache"); err != nil {
		t.Error(err)
	}
	_, err = server.Consumer(ctx, "cache")
	refusedBy(t, err, http.StatusNotFound, "not_found")
}
