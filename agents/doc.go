// Package agents has the citizens of a marketplace: customers and vendors who
// live over HTTP, intruders who look at what is not theirs, the ways in which
// they arrive, and the port that fits them to an app.
//
// Use it when the app under test sells time: appointments, tables, courts,
// lessons. For anything else write your own [simcity.Agent] and take the
// arrival processes from here.
//
//	simcity.New(simcity.Scenario{
//		Name: "saturday",
//		Populations: []simcity.Population{
//			agents.Vendors(agents.Burst{N: 8}),
//			agents.Customers(agents.Poisson{PerHour: 20, Daily: agents.EveningCurve()}),
//		},
//		Invariants: invariants.Catalogue(),
//	}).Target(simcity.InProcess(newApp)).Run(t)
//
// # Fitting your app
//
// Agents ask for what they want through [Marketplace]. If your app has the
// routes of the reference app, [REST] is all you need. If paths differ, set
// them:
//
//	market := agents.REST{
//		Paths: agents.Paths{
//			Book:   "POST /v2/appointments",
//			Slots:  "GET /v2/free?with={vendor}&day={date}",
//			Ledger: agents.NoRoute,
//		},
//		Decorate: func(r *http.Request, c *simcity.Citizen) {
//			r.Header.Set("Authorization", "Bearer "+mint(c.Email()))
//		},
//	}
//
// If bodies differ, embed REST and replace methods; if most of it differs,
// embed [Unsupported] and write what the app has. A whole port for a barber
// who takes appointments, and has neither sessions nor payments:
//
//	type barber struct{ agents.Unsupported }
//
//	var rest agents.REST
//
//	func (barber) Search(context.Context, *agents.User, agents.Query) ([]agents.Listing, error) {
//		return []agents.Listing{{Vendor: "figaro", Services: []agents.Service{{ID: "shave"}}}}, nil
//	}
//
//	func (barber) Slots(ctx context.Context, u *agents.User, w agents.Window) ([]agents.Slot, error) {
//		var free []time.Time
//		err := rest.Call(ctx, u, "GET /free?day="+w.From.Format(time.DateOnly), nil, &free)
//		var slots []agents.Slot
//		for _, at := range free {
//			slots = append(slots, agents.Slot{
//				Vendor: w.Vendor, Service: w.Service, Start: at, End: at.Add(30 * time.Minute), Left: 1,
//			})
//		}
//		return slots, err
//	}
//
//	func (barber) Book(ctx context.Context, u *agents.User, o agents.Order) (agents.Booking, error) {
//		in := map[string]string{"at": o.Start, "name": u.ID()}
//		var out struct{ Number int }
//		if err := rest.Call(ctx, u, "POST /appointments", in, &out); err != nil {
//			return agents.Booking{}, err
//		}
//		return agents.Booking{ID: strconv.Itoa(out.Number)}, nil
//	}
//
//	func (barber) Cancel(ctx context.Context, u *agents.User, id string) (agents.Booking, agents.Receipt, error) {
//		return agents.Booking{ID: id}, agents.Receipt{}, rest.Call(ctx, u, "DELETE /appointments/"+id, nil, nil)
//	}
//
// Then Customer{Market: barber{}} lives there. What a port lacks is not asked
// for; the example of Marketplace runs this one. What a port leaves out of an
// [Order] the app cannot know: this barber has neither idempotency keys nor
// services by name, so switch the habits off that try them,
// Customer{Market: barber{}, Habits: Habits{Repeat: -1, Mistype: -1}}, and leave
// out the rules about them.
//
// # What agents tell
//
// Each operation is recorded under the name of its verb ([OpBook] and so on)
// with facts for the invariants:
//
//	slots           Offered, for the slots that are considered (8 at most)
//	book            Entered (funnel "booking", Holder customer/7#2: its second visit),
//	                Held, or Refused if the slot was taken; Repeated for a retry
//	book_unknown    Referred, if an order for something unknown is accepted
//	confirm         Confirmed, Charged, Asked, Redeemed, Completed; Repeated
//	search          Sought, when a vendor looks itself up: Start is when its listing
//	                was acknowledged
//	see, mine       Released and Refunded, if the answer shows it; mine also Saw
//	reschedule      Moved, and Asked if the vendor is asked again; or Refused
//	cancel          Released, Refunded; Completed, if it raced the payment
//	ledger          Reported, after refunds that its entries made known
//	inbox           Saw, for each request that is new
//	accept, decline, propose
//	                Answered; decline also Released
//	mine_foreign    Saw, for each booking listed (100 at most), by an intruder
//	see_foreign, chat_foreign
//	                Denied, or Saw if the intruder was shown it
//
// Resources are vendors' handles in lower case for exclusive services, which
// share the vendor's calendar, and "vendor/service" for classes. The Spelling
// is what was sent. Holders of requests are vendors' handles, all others
// citizens' ids; amounts are cents.
//
// An operation that went unanswered tells what it may have done, with outcome
// Failed. A customer one of whose payments went unanswered does not report its
// ledger.
//
// # Limits
//
// A customer sends two requests at a time only where it pays and cancels at once
// ([Habits].Torn); all others follow one another. Dates are UTC. A customer that is alive
// when the run ends does not report its ledger. An intruder cannot know whether
// what it was denied exists. Refunds of apps whose ledger has no entries are
// known only from bookings.
package agents
