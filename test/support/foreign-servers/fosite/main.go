// An authorization server made of ory/fosite, on plain http, with rotation and reuse detection of refresh tokens. It prints its
// token URL on a line.
//
// It knows the client my-client with the secret foobar, and its assertions by the public key (PEM) in the first argument; and the
// user peter with the password secret.
package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
)

const clientID = "my-client"

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	tokenURL := fmt.Sprintf("http://%s/token", listener.Addr())
	provider := newProvider(tokenURL, publicKey(os.Args[1]))
	http.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) { answer(provider, w, r) })
	fmt.Println(tokenURL)
	log.Fatal(http.Serve(listener, nil))
}

func newProvider(tokenURL string, key any) fosite.OAuth2Provider {
	store := storage.NewExampleStore()
	store.BlacklistedJTIs = map[string]time.Time{}
	client := store.Clients[clientID].(*fosite.DefaultClient)
	client.GrantTypes = append(client.GrantTypes, "urn:ietf:params:oauth:grant-type:jwt-bearer")
	jwk := &jose.JSONWebKey{Key: key, KeyID: "k1", Algorithm: "RS256", Use: "sig"}
	scopes := storage.PublicKeyScopes{Key: jwk, Scopes: []string{"fosite"}}
	store.IssuerPublicKeys[clientID] = storage.IssuerPublicKeys{
		Issuer:    clientID,
		KeysBySub: map[string]storage.SubjectPublicKeys{"peter": {Subject: "peter", Keys: map[string]storage.PublicKeyScopes{"k1": scopes}}},
	}
	config := &fosite.Config{
		TokenURL:                            tokenURL,
		GlobalSecret:                        []byte("a secret of thirty-two characters"[:32]),
		AccessTokenLifespan:                 time.Hour,
		RefreshTokenScopes:                  []string{},
		GrantTypeJWTBearerCanSkipClientAuth: true,
		GrantTypeJWTBearerMaxDuration:       time.Hour,
	}
	return compose.ComposeAllEnabled(config, store, nil)
}

func answer(provider fosite.OAuth2Provider, w http.ResponseWriter, r *http.Request) {
	ctx := context.Background()
	request, err := provider.NewAccessRequest(ctx, r, openid.NewDefaultSession())
	if err != nil {
		provider.WriteAccessError(ctx, w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	response, err := provider.NewAccessResponse(ctx, request)
	if err != nil {
		provider.WriteAccessError(ctx, w, request, err)
		return
	}
	provider.WriteAccessResponse(ctx, w, request, response)
}

func publicKey(file string) any {
	text, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	return key
}
