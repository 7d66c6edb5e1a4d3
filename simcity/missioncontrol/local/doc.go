// Package local serves Mission Control to whoever sits at this machine: on a
// loopback address, behind an access token, with a clean end.
//
//	door := local.NewDoor("")
//	mission, err := missioncontrol.New(missioncontrol.Config{Authorize: door.Authorize, ...})
//	...
//	listener, err := local.Listen("127.0.0.1:8787")
//	...
//	fmt.Println(door.URL(listener.Addr()))
//	err = local.Serve(ctx, listener, door.Handler(mission), mission.Close)
//
// Programs send the token as Authorization: Bearer; browsers open the URL, which
// sets a cookie. A server that others reach needs more than that: TLS, accounts, and
// a Config.Authorize that asks for them.
package local
