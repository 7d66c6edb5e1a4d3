package testhooks

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
)

// identity tells who the host is, to anybody.
func (h *Handler) identity(http.ResponseWriter, *http.Request) (int, any, error) {
	return http.StatusOK, struct {
		Environment    string `json:"environment"`
		SyntheticLogin bool   `json:"syntheticLogin"`
	}{h.config.Environment, h.config.Login != nil}, nil
}

// synthetic is the namespace of citizens, in which no human being has an address.
var synthetic = regexp.MustCompile(`^synthetic\+[A-Za-z0-9][A-Za-z0-9._-]{0,99}@example\.com$`)

type loginBody struct {
	Citizen  string `json:"citizen"`
	Email    string `json:"email"`
	Role     string `json:"role"`
	Timezone string `json:"timezone"`
}

// login lets a synthetic citizen in.
func (h *Handler) login(w http.ResponseWriter, r *http.Request) (int, any, error) {
	var body loginBody
	if err := decode(w, r, &body); err != nil {
		return 0, nil, err
	}
	switch {
	case h.config.Login == nil:
		return 0, nil, notOffered("Login", "citizens cannot log in")
	case !synthetic.MatchString(body.Email):
		return 0, nil, wrong("email", strconv.Quote(body.Email), "synthetic+<name>@example.com, in letters, digits, dots, dashes and underscores", "log in as Citizen.Email() says; nobody else is let in")
	}
	var session Session
	err := called(r.Context(), func(ctx context.Context) (err error) {
		session, err = h.config.Login(ctx, Citizen{ID: body.Citizen, Email: body.Email, Role: body.Role, Timezone: body.Timezone})
		return err
	})
	if err != nil {
		return 0, nil, failedHook("Login", err)
	}
	for _, cookie := range session.Cookies {
		http.SetCookie(w, cookie)
	}
	return http.StatusOK, struct {
		Token  string `json:"token,omitempty"`
		UserID string `json:"userId,omitempty"`
	}{session.Token, session.UserID}, nil
}
