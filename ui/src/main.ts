import { mount } from 'svelte';
import App from './App.svelte';
import { loadWords } from './strings';
import './theme/tokens.css';
import './theme/base.css';
import './theme/controls.css';

const target = document.getElementById('app');
if (target) void loadWords().then(() => mount(App, { target }));
