// Package address knows what people write in place of a store's address, for messages
// that show them the right one.
//
//	if path, ok := address.File("runs.db"); ok {
//		return fmt.Errorf("write sqlite:%s", path)
//	}
//
// It tells a file by the end of its name alone, whether it is there or not.
package address
