package testhooks

const headerSecret = "X-SimCity-Secret"
const headerRun = "X-SimCity-Run"
